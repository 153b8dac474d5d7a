import test from 'ava'
import fc from 'fast-check'
import { mpscRingBytes } from '../../src/shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../../src/shm/mpsc-ring-consumer.ts'
import { MPSC_STATE } from '../../src/shm/shared-mem.ts'
import {
  ALL,
  CAPACITY,
  DAMAGED,
  fill,
  newRing,
  readAll,
  SLOTS,
  type TestRing,
  types,
} from './mpsc-test-ring.ts'

const DAMAGE: Record<string, (ring: TestRing) => void> = {
  'a mark of another lap': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(CAPACITY, 64, MPSC_STATE.PUBLISHED)
  },
  'a free slot of another lap': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.emptyMark(CAPACITY)
  },
  'a free slot that has slots': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(0, 64, MPSC_STATE.EMPTY)
  },
  'a record of no slots': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(0, 0, MPSC_STATE.PUBLISHED)
  },
  'a record longer than allowed': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(0, CAPACITY / 4 + 64, MPSC_STATE.PUBLISHED)
    words[geometry.tail] = CAPACITY
  },
  'a record longer than what is reserved': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(0, 192, MPSC_STATE.PUBLISHED)
  },
  'padding longer than what is reserved': ({ words, geometry }) => {
    words[geometry.markAt(0)] = geometry.mark(0, 192, MPSC_STATE.PADDING)
  },
  'a payload longer than its record': ({ words, geometry }) => {
    words[geometry.headerAt(0)] = 113
  },
  'a payload of another number of slots': ({ words, geometry }) => {
    words[geometry.headerAt(0)] = 48
  },
  'a payload near 2^32': ({ words, geometry }) => {
    words[geometry.headerAt(0)] = -8
  },
  'a tail behind the head': ({ words, geometry }) => {
    words[geometry.tail] = -64
  },
  'a tail more than the capacity ahead': ({ words, geometry }) => {
    words[geometry.tail] = CAPACITY + 64
  },
  'a tail between slots': ({ words, geometry }) => {
    words[geometry.tail] = 130
  },
}

for (const [name, damage] of Object.entries(DAMAGE)) {
  test(`damage is an error that is counted, not a crash: ${name}`, (t) => {
    const ring = newRing()
    ring.producer.write(0, new Uint8Array(100))
    damage(ring)
    const read = () => ring.consumer.read(() => t.fail(), 10)
    t.throws(read, DAMAGED)
    t.throws(read, DAMAGED)
    t.is(ring.consumer.stats.damaged, 2)
    t.false(ring.consumer.trySleep(), 'a damaged ring is not slept on')
    ring.consumer.reset()
    t.true(ring.producer.write(7, Uint8Array.of(1)))
    t.deepEqual(types(readAll(ring)), [7], 'a reset ring works again')
    t.is(fill(ring), SLOTS)
  })
}

test('what lies before the damage is read first', (t) => {
  const ring = newRing()
  ring.producer.write(0)
  ring.producer.write(1)
  ring.words[ring.geometry.markAt(64)] = 0x7fffffff
  const seen: number[] = []
  t.throws(() => ring.consumer.read((type) => seen.push(type) > 0, 10), DAMAGED)
  t.deepEqual(seen, [0])
  t.false(ring.consumer.unblock(), 'damage is nothing to unblock')
})

test('positions that are impossible are an error for the producer', (t) => {
  for (const head of [64, -CAPACITY - 64, 2 ** 31 - 64, -32]) {
    const ring = newRing()
    ring.words[ring.geometry.head] = head
    t.throws(() => ring.producer.write(0), DAMAGED)
  }
})

test('random damage ends in the one error, and never reads outside the ring', (t) => {
  const words = (mpscRingBytes(CAPACITY) - CAPACITY + 1024) / 4
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(words - 1), fc.oneof(fc.nat(0xffffffff), fc.nat(4096))), {
        minLength: 1,
        maxLength: 8,
      }),
      (stores) => {
        const ring = newRing()
        for (let type = 0; type < 10; type++) ring.producer.write(type, new Uint8Array(32))
        for (const [word, value] of stores) ring.words[word] = value | 0
        const { consumer, producer, geometry } = ring
        const steps = [
          () =>
            consumer.read((_type, bytes, offset, length) => {
              t.true(offset >= geometry.data && offset + length <= bytes.byteLength)
            }, ALL),
          () => consumer.unblock(),
          () => consumer.blockedAt,
          () => consumer.trySleep(),
          () => producer.write(1, new Uint8Array(500)),
          () => new MpscRingConsumer(ring.ring).read(() => {}, ALL),
        ]
        for (const step of steps) {
          try {
            step()
          } catch (error) {
            t.is((error as { code?: string }).code, DAMAGED.code)
          }
        }
        consumer.reset()
        t.is(fill(ring), SLOTS)
      },
    ),
    { numRuns: 500 },
  )
})
