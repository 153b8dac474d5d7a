import test from 'ava'
import { MPSC_HEADER_BYTES } from '../../src/shm/mpsc-geometry.ts'
import { createMpscRing, formatMpscRing, mpscRingBytes } from '../../src/shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../../src/shm/mpsc-ring-consumer.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { MPSC_SLOT_BYTES, MPSC_STATE } from '../../src/shm/shared-mem.ts'
import {
  ALL,
  ARGUMENT,
  CAPACITY,
  DAMAGED,
  fill,
  newRing,
  readAll,
  reserveAndDie,
  SLOTS,
  SMALL,
  type TestRing,
  types,
} from './mpsc-test-ring.ts'

test('records arrive as they were written, in the order of their claims', (t) => {
  const ring = newRing()
  const other = new MpscRingProducer(ring.ring)
  t.true(ring.producer.write(3, Uint8Array.of(1, 2, 3)))
  t.true(other.write(0xffffffff))
  t.true(ring.producer.write(0, Uint8Array.of(4), Uint8Array.of(), Uint8Array.of(5, 6)))
  t.deepEqual(readAll(ring), [
    { type: 3, payload: Uint8Array.of(1, 2, 3) },
    { type: 0xffffffff, payload: Uint8Array.of() },
    { type: 0, payload: Uint8Array.of(4, 5, 6) },
  ])
  t.true(ring.consumer.isEmpty)
  t.like(ring.consumer.stats, { messages: 3, messageBytes: 6, usedBytes: 0 })
})

test('who gives no ring is told what makes one', (t) => {
  for (const ring of [undefined, {}, 5] as unknown as TestRing['ring'][]) {
    for (const End of [MpscRingProducer, MpscRingConsumer]) {
      t.throws(() => new End(ring), { ...ARGUMENT, message: /createMpscRing/ })
    }
  }
})

test('what is claimed and not committed is not read, nor what is behind it', (t) => {
  const ring = newRing()
  const other = new MpscRingProducer(ring.ring)
  const at = ring.producer.claim(4)
  ring.ring.bytes.set([1, 2, 3, 4], at)
  other.write(2)
  t.deepEqual(readAll(ring), [])
  t.false(ring.consumer.isEmpty)
  t.not(ring.consumer.blockedAt, undefined)
  t.true(ring.producer.commit(1))
  t.is(ring.consumer.blockedAt, undefined)
  t.deepEqual(readAll(ring), [
    { type: 1, payload: Uint8Array.of(1, 2, 3, 4) },
    { type: 2, payload: Uint8Array.of() },
  ])
})

test('a ring that overflowed takes as much as before, a thousand times', (t) => {
  const ring = newRing()
  for (let round = 1; round <= 1000; round++) {
    if (fill(ring) !== SLOTS) t.fail(`round ${round} had less room`)
    if (ring.producer.write(0) || ring.consumer.stats.full !== 2 * round) t.fail('not refused')
    if (readAll(ring).some(({ type }, index) => type !== index)) t.fail('a record is missing')
  }
  t.like(ring.consumer.stats, { messages: 1000 * SLOTS, usedBytes: 0, unblocked: 0 })
})

test('a slot that was given back is taken again at once', (t) => {
  const ring = newRing()
  fill(ring)
  t.deepEqual(types(readAll(ring, 1)), [0])
  t.true(ring.producer.write(1000))
  t.false(ring.producer.write(1001))
  t.is(ring.consumer.stats.usedBytes, CAPACITY)
  t.is(types(readAll(ring)).at(-1), 1000)
})

test('the longest message is a quarter of the ring with its header', (t) => {
  const ring = newRing(CAPACITY - MPSC_SLOT_BYTES)
  const { maxMessageBytes } = ring.producer
  t.is(maxMessageBytes, CAPACITY / 4 - MPSC_HEADER_BYTES)
  t.is(ring.consumer.maxMessageBytes, maxMessageBytes)
  const longest = new Uint8Array(maxMessageBytes).fill(7)
  for (let round = 0; round < 100; round++) {
    t.true(ring.producer.write(1, longest), 'fits an empty ring at any place')
    ring.producer.write(2, new Uint8Array((round * 64) % 1000))
    t.deepEqual(readAll(ring)[0]?.payload, longest)
  }
  for (const length of [maxMessageBytes + 1, -1, 1.5, Number.NaN]) {
    t.throws(() => ring.producer.claim(length), ARGUMENT)
  }
  t.throws(() => ring.producer.write(1, longest, Uint8Array.of(1)), ARGUMENT)
  t.true(ring.consumer.isEmpty, 'what is refused reserves nothing')
})

test('a claim is closed once, and before the next', (t) => {
  const ring = newRing()
  t.throws(() => ring.producer.commit(1), ARGUMENT)
  t.throws(() => ring.producer.abort(), ARGUMENT)
  ring.producer.claim(1)
  t.throws(() => ring.producer.claim(1), ARGUMENT)
  for (const type of [-1, 2 ** 32, 0.5]) {
    t.throws(() => ring.producer.commit(type), ARGUMENT)
    t.throws(() => ring.producer.write(type), ARGUMENT)
  }
  t.true(ring.producer.commit(0xffffffff))
  t.throws(() => ring.producer.commit(1), ARGUMENT)
  t.deepEqual(types(readAll(ring)), [0xffffffff])
})

test('what is claimed and aborted is passed over', (t) => {
  const ring = newRing()
  ring.producer.claim(100)
  ring.producer.abort()
  ring.producer.write(5)
  t.deepEqual(types(readAll(ring)), [5])
  t.like(ring.consumer.stats, { messages: 1, usedBytes: 0, unblocked: 0, refused: 0 })
})

test('a reader that throws has consumed its record, and no other', (t) => {
  const ring = newRing()
  for (let type = 0; type < 3; type++) ring.producer.write(type)
  const stop = new Error('stop')
  const thrower = () => {
    throw stop
  }
  t.is(
    t.throws(() => ring.consumer.read(thrower, 10)),
    stop,
  )
  t.deepEqual(types(readAll(ring)), [1, 2])
})

test('a reader that returns false has had its last record, and a limit is kept', (t) => {
  const ring = newRing()
  for (let type = 0; type < 6; type++) ring.producer.write(type)
  t.is(
    ring.consumer.read((type) => type < 1, 10),
    2,
  )
  t.deepEqual(types(readAll(ring, 3)), [2, 3, 4])
  t.deepEqual(types(readAll(ring, 0)), [])
  t.deepEqual(types(readAll(ring)), [5])
})

test('a batch without a number of records is refused, and consumes nothing', (t) => {
  const ring = newRing()
  ring.producer.write(1)
  for (const limit of [undefined, Number.NaN, -1]) {
    t.throws(() => ring.consumer.read(() => true, limit as number), ARGUMENT)
  }
  t.is(readAll(ring, Number.POSITIVE_INFINITY).length, 1)
})

test('a batch ends where everything in the ring was read, however fast it is filled', (t) => {
  const ring = newRing()
  fill(ring)
  const { consumer, producer } = ring
  t.is(
    consumer.read(() => {
      t.false(producer.write(0), 'nothing is freed before the end of the batch')
    }, ALL),
    SLOTS,
  )
  t.is(fill(ring), SLOTS)
})

test('a reader cannot read or reset its ring', (t) => {
  const { producer, consumer } = newRing()
  producer.write(1)
  t.throws(() => consumer.read(() => consumer.read(() => {}, 1) > 0, 1), ARGUMENT)
  producer.write(2)
  t.throws(() => consumer.read(() => consumer.reset() === undefined, 1), ARGUMENT)
  t.is(
    consumer.read(() => {}, 1),
    0,
  )
})

test('a dead producer between claim and commit is unblocked, and what is behind it is read', (t) => {
  const ring = newRing()
  const dead = new MpscRingProducer(ring.ring)
  ring.producer.write(1)
  dead.claim(200)
  ring.producer.write(2)
  t.deepEqual(types(readAll(ring)), [1])
  t.deepEqual(types(readAll(ring)), [])
  t.true(ring.consumer.unblock())
  t.false(ring.consumer.unblock(), 'the next record is there')
  t.deepEqual(types(readAll(ring)), [2])
  t.like(ring.consumer.stats, { unblocked: 1, unblockedBytes: 256, usedBytes: 0 })
})

test('a dead producer between reserving and marking is unblocked up to the next mark', (t) => {
  const ring = newRing()
  const alive = new MpscRingProducer(ring.ring)
  reserveAndDie(ring, 5 * MPSC_SLOT_BYTES)
  alive.claim(10)
  ring.producer.write(2)
  t.true(ring.consumer.unblock())
  t.is(ring.consumer.stats.unblockedBytes, 5 * MPSC_SLOT_BYTES)
  t.deepEqual(types(readAll(ring)), [])
  t.true(alive.commit(1), 'who had marked its claim keeps it')
  t.deepEqual(types(readAll(ring)), [1, 2])
})

test('a dead producer at the very tail is unblocked, also across the end of the ring', (t) => {
  for (const slotsBefore of [0, SLOTS - 1, SLOTS - 3]) {
    const ring = newRing(slotsBefore * MPSC_SLOT_BYTES)
    reserveAndDie(ring, 4 * MPSC_SLOT_BYTES)
    t.not(ring.consumer.blockedAt, undefined)
    t.true(ring.consumer.unblock())
    ring.producer.write(1)
    t.deepEqual(types(readAll(ring)), [1])
    t.is(fill(ring), SLOTS)
  }
})

test('a full ring is unblocked, whether the dead producer had marked its claim or not', (t) => {
  for (const isMarked of [true, false]) {
    const ring = newRing(5 * MPSC_SLOT_BYTES)
    if (isMarked) new MpscRingProducer(ring.ring).claim(SMALL)
    else reserveAndDie(ring, MPSC_SLOT_BYTES)
    t.is(fill(ring), SLOTS - 1)
    t.is(ring.consumer.stats.usedBytes, CAPACITY)
    t.deepEqual(readAll(ring), [])
    t.true(ring.consumer.unblock())
    t.is(readAll(ring).length, SLOTS - 1)
    t.is(fill(ring), SLOTS)
  }
})

test('a ring full of nothing but dead producers is usable again', (t) => {
  const ring = newRing()
  reserveAndDie(ring, CAPACITY)
  t.false(ring.producer.write(1))
  t.true(ring.consumer.unblock())
  t.deepEqual(readAll(ring), [])
  t.is(ring.consumer.stats.unblockedBytes, CAPACITY)
  t.is(fill(ring), SLOTS)
})

test('there is nothing to unblock in an empty ring, or before a record', (t) => {
  const ring = newRing()
  t.false(ring.consumer.unblock())
  t.is(ring.consumer.blockedAt, undefined)
  ring.producer.write(1)
  t.false(ring.consumer.unblock())
  ring.producer.claim(1)
  ring.producer.abort()
  t.deepEqual(types(readAll(ring, 1)), [1])
  t.is(ring.consumer.blockedAt, undefined, 'there is padding to pass over')
  t.false(ring.consumer.unblock())
  t.is(ring.consumer.stats.unblocked, 0)
})

test('who moves between the look and the unblocking is left alone', (t) => {
  const ring = newRing()
  reserveAndDie(ring, 2 * MPSC_SLOT_BYTES)
  const unmarked = ring.consumer.blockedAt
  const { words, geometry, consumer } = ring
  words[geometry.markAt(0)] = geometry.mark(0, 2 * MPSC_SLOT_BYTES, MPSC_STATE.CLAIMED)
  t.false(consumer.unblock(unmarked), 'it has marked its claim')
  const claimed = consumer.blockedAt
  t.not(claimed, unmarked)
  t.is(consumer.blockedAt, claimed)
  words[geometry.markAt(0)] = geometry.mark(0, 2 * MPSC_SLOT_BYTES, MPSC_STATE.PADDING)
  t.false(consumer.unblock(claimed), 'it has aborted')
  readAll(ring)
  ring.producer.claim(1)
  t.false(consumer.unblock(claimed), 'another blocks')
  t.is(consumer.stats.unblocked, 0)
  t.true(consumer.unblock(consumer.blockedAt))
})

test('a commit after the unblocking is refused and counted, whoever has the place by then', (t) => {
  for (const laps of [0, 1, 5]) {
    for (const close of ['commit', 'abort'] as const) {
      const ring = newRing()
      const late = new MpscRingProducer(ring.ring)
      late.claim(SMALL)
      t.true(ring.consumer.unblock())
      if (laps > 0) readAll(ring)
      for (let lap = 1; lap < laps; lap++) t.is(fill(ring), readAll(ring).length)
      const last = fill(ring) // the same place, and a claim of the same length
      if (close === 'commit') t.false(late.commit(999))
      else late.abort()
      t.is(ring.consumer.stats.refused, 1)
      t.deepEqual(
        types(readAll(ring)),
        Array.from({ length: last }, (_, index) => index),
      )
      t.true(late.write(5), 'it may go on')
    }
  }
})

test('a late commit does not publish the open claim of another at its place', (t) => {
  const ring = newRing()
  const late = new MpscRingProducer(ring.ring)
  late.claim(SMALL)
  ring.consumer.unblock()
  readAll(ring)
  for (let slot = 1; slot < SLOTS; slot++) ring.producer.write(slot)
  readAll(ring)
  ring.producer.claim(SMALL)
  t.false(late.commit(999))
  t.deepEqual(readAll(ring), [])
  t.true(ring.producer.commit(7))
  t.deepEqual(types(readAll(ring)), [7])
})

/** Claims the second slot for `late`, gives that up, and goes on to the next lap's first slot. */
function overtake(ring: TestRing, late: () => void) {
  ring.producer.write(0)
  late()
  readAll(ring)
  ring.consumer.unblock()
  readAll(ring)
  for (let slot = 2; slot < SLOTS; slot++) {
    ring.producer.write(slot)
    readAll(ring)
  }
}

test('a payload is never taken for the mark of a claim that comes late', (t) => {
  const ring = newRing()
  const late = new MpscRingProducer(ring.ring)
  overtake(ring, () => late.claim(SMALL))
  const mark = ring.geometry.mark(MPSC_SLOT_BYTES, MPSC_SLOT_BYTES, MPSC_STATE.CLAIMED)
  const payload = new Uint8Array(new Uint32Array(60).fill(mark).buffer)
  t.true(ring.producer.write(7, payload))
  t.false(late.commit(999))
  t.deepEqual(readAll(ring), [{ type: 7, payload }])
})

test('a payload is never taken for the mark of a slot that was reserved long ago', (t) => {
  const ring = newRing()
  const { words, geometry } = ring
  overtake(ring, () => reserveAndDie(ring, MPSC_SLOT_BYTES))
  const payload = new Uint8Array(240)
  t.true(ring.producer.write(7, payload))
  // What the first lap's producer does next, where it lives after all.
  const empty = geometry.emptyMark(MPSC_SLOT_BYTES)
  const claimed = geometry.mark(MPSC_SLOT_BYTES, MPSC_SLOT_BYTES, MPSC_STATE.CLAIMED)
  const at = geometry.markAt(MPSC_SLOT_BYTES)
  t.not(Atomics.compareExchange(words, at, empty, claimed), empty)
  t.deepEqual(readAll(ring), [{ type: 7, payload }])
})

test('an abort is rung for, because it unblocks what is behind it', (t) => {
  const ring = newRing()
  const other = new MpscRingProducer(ring.ring)
  ring.producer.claim(1)
  t.true(other.write(2))
  t.true(ring.consumer.trySleep())
  t.true(other.shouldRing())
  ring.consumer.wake()
  t.deepEqual(readAll(ring), [])
  t.true(ring.consumer.trySleep())
  ring.producer.abort()
  t.true(ring.producer.shouldRing())
  t.deepEqual(types(readAll(ring)), [2])
})

test('positions wrap at 2^32 wherever a record lies', (t) => {
  for (let slots = 0; slots <= 20; slots++) {
    const ring = newRing(2 ** 32 - CAPACITY / 4 - slots * MPSC_SLOT_BYTES)
    const seen: number[] = []
    for (let type = 0; type < 200; type++) {
      if (type === 100) reserveAndDie(ring, MPSC_SLOT_BYTES)
      t.true(ring.producer.write(type, new Uint8Array((type * 37) % 900).fill(type)))
      if (type === 100) t.true(ring.consumer.unblock())
      for (const message of readAll(ring)) {
        seen.push(message.type)
        if (message.payload.some((byte) => byte !== message.type)) t.fail('damaged payload')
      }
    }
    t.deepEqual(
      seen,
      Array.from({ length: 200 }, (_, type) => type),
    )
    t.true(ring.consumer.position < 2 ** 20, 'the position has wrapped')
  }
})

test('a full ring across 2^32 refuses, and is unblocked', (t) => {
  const ring = newRing(2 ** 32 - 3 * MPSC_SLOT_BYTES)
  reserveAndDie(ring, 7 * MPSC_SLOT_BYTES)
  t.is(fill(ring), SLOTS - 7)
  t.true(ring.consumer.unblock())
  t.is(readAll(ring).length, SLOTS - 7)
  t.is(fill(ring), SLOTS)
})

test('each producer rings once for a sleep', (t) => {
  const ring = newRing()
  const { consumer, producer } = ring
  const other = new MpscRingProducer(ring.ring)
  const write = (end: MpscRingProducer) => end.write(1) && end.shouldRing()
  t.false(write(producer), 'an awake consumer needs no bell')
  t.false(consumer.trySleep(), 'there is something to read')
  readAll(ring)
  t.true(consumer.trySleep())
  t.true(write(producer))
  t.false(write(producer), 'it has been rung for')
  t.true(write(other), 'one that dies before it rings takes no bell with it')
  consumer.wake()
  t.false(write(other))
  readAll(ring)
  t.true(consumer.trySleep())
  t.true(write(producer), 'another sleep, another bell')
  t.is(consumer.stats.sleeps, 3)
})

test('a blocked ring may be slept on, and the commit rings', (t) => {
  const { consumer, producer } = newRing()
  producer.claim(1)
  t.true(consumer.trySleep())
  t.true(producer.commit(1))
  t.true(producer.shouldRing())
})

test('another consumer goes on where the last one stopped, and its sleep is rung for', (t) => {
  const ring = newRing()
  for (let type = 0; type < 3; type++) ring.producer.write(type)
  readAll(ring, 1)
  ring.consumer.trySleep()
  const consumer = new MpscRingConsumer(ring.ring)
  t.deepEqual(types(readAll({ ...ring, consumer })), [1, 2])
  t.true(consumer.trySleep())
  ring.producer.write(3)
  t.true(ring.producer.shouldRing())
  const third = new MpscRingConsumer(ring.ring)
  t.deepEqual(types(readAll({ ...ring, consumer: third })), [3])
  t.true(third.trySleep())
  t.true(ring.producer.shouldRing(), 'a number that the second consumer did not use')
})

test('after 2^32 sleeps another consumer takes no number again that was answered', (t) => {
  const ring = newRing()
  ring.words[ring.geometry.sleeps] = -2
  for (let sleep = 0; sleep < 4; sleep++) {
    const consumer = new MpscRingConsumer(ring.ring)
    t.true(consumer.trySleep())
    t.true(ring.producer.write(sleep) && ring.producer.shouldRing())
    t.false(ring.producer.shouldRing())
    t.deepEqual(types(readAll({ ...ring, consumer })), [sleep])
  }
})

test('the heartbeat of the consumer is seen by a producer', (t) => {
  const { consumer, producer } = newRing()
  t.is(producer.consumerHeartbeat, 0)
  consumer.beat()
  consumer.beat()
  t.is(producer.consumerHeartbeat, 2)
})

test('a clone of the description leads to the same ring', (t) => {
  const ring = newRing()
  new MpscRingProducer(structuredClone(ring.ring)).write(4)
  t.deepEqual(types(readAll(ring)), [4])
})

test('a ring lies anywhere in a memory, and leaves the rest alone', (t) => {
  const bytes = new Uint8Array(mpscRingBytes(CAPACITY) + 128).fill(0xa5)
  const ring = { bytes, offset: 64, capacity: CAPACITY }
  t.throws(() => new MpscRingProducer(ring), DAMAGED, 'nothing was formatted')
  formatMpscRing(ring)
  const producer = new MpscRingProducer(ring)
  const consumer = new MpscRingConsumer(ring)
  for (let round = 0; round < 3; round++) {
    while (producer.write(1, new Uint8Array(300)));
    consumer.read(() => {}, ALL)
  }
  t.true(bytes.subarray(0, 64).every((byte) => byte === 0xa5))
  t.true(bytes.subarray(64 + mpscRingBytes(CAPACITY)).every((byte) => byte === 0xa5))
  t.throws(() => new MpscRingConsumer({ ...ring, capacity: CAPACITY / 2 }), ARGUMENT)
  t.throws(() => new MpscRingConsumer({ ...ring, offset: 128 }), DAMAGED)
})

test('a ring that does not fit its memory, or starts between slots, is refused', (t) => {
  const { ring } = newRing()
  for (const wrong of [
    { ...ring, offset: 64 },
    { ...ring, offset: 4 },
    { ...ring, offset: -64 },
    { ...ring, offset: Number.NaN },
    { ...ring, capacity: 2 * CAPACITY },
    { ...ring, capacity: CAPACITY + 64 },
    { ...ring, bytes: ring.bytes.subarray(1) },
    { ...ring, bytes: new Uint8Array(mpscRingBytes(CAPACITY) + 3) },
  ]) {
    t.throws(() => new MpscRingProducer(wrong), ARGUMENT)
    t.throws(() => new MpscRingConsumer(wrong), ARGUMENT)
  }
  for (const capacity of [CAPACITY / 2, 24 * 1024, Number.NaN, '65536' as unknown as number]) {
    t.throws(() => createMpscRing(capacity), ARGUMENT)
    t.throws(() => mpscRingBytes(capacity), ARGUMENT)
  }
  for (const position of [-64, 32, 2 ** 32, Number.NaN]) {
    t.throws(() => formatMpscRing(ring, position), ARGUMENT)
  }
})

test('a reset refuses what was claimed before it, wherever the ring stood', (t) => {
  for (const position of [0, CAPACITY / 2, 2 ** 32 - CAPACITY, 2 ** 32 - 2 * CAPACITY]) {
    const ring = newRing(position)
    const late = new MpscRingProducer(ring.ring)
    late.claim(1)
    ring.consumer.reset()
    ring.producer.claim(1)
    t.false(late.commit(1), 'also where another has a claim of the same length')
    t.true(ring.producer.commit(2))
    t.deepEqual(types(readAll(ring)), [2])
    t.is(ring.consumer.stats.refused, 1)
  }
})

test('what is no payload is refused before anything is claimed', (t) => {
  const ring = newRing()
  const { producer } = ring
  for (const payload of [new ArrayBuffer(8), new BigUint64Array(1), 'text']) {
    t.throws(() => producer.write(1, Buffer.of(1), payload as unknown as Uint8Array), ARGUMENT)
  }
  for (const length of [-1, 0.5, NaN, producer.maxMessageBytes + 1]) {
    t.throws(() => producer.hasRoom(length), ARGUMENT)
  }
  t.true(producer.hasRoom(producer.maxMessageBytes))
  t.true(producer.write(2, Buffer.of(1)))
  t.deepEqual(types(readAll(ring)), [2])
})

test('a producer that has rung before a reset rings for the sleeps after it', (t) => {
  const { consumer, producer } = newRing()
  const write = () => producer.write(1) && producer.shouldRing()
  for (let sleep = 0; sleep < 3; sleep++) {
    t.true(consumer.trySleep())
    t.true(write())
    consumer.wake()
    consumer.reset()
  }
  t.is(consumer.stats.sleeps, 3)
})
