import test from 'ava'
import fc from 'fast-check'
import { RingError } from '../../src/shm/errors.ts'
import { RingInspector } from '../../src/shm/ring-inspector.ts'
import { LIMITS, RECORD_FLAG, RecordHeader, RingControl } from '../../src/shm/shared-mem.ts'
import { SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { type RingProducerOptions, SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { type Memory, memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { type UnreadRecord, unreadRecords } from '../../src/shm/unread-records.ts'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const OFFSET = 64
/** Behind the ring, to see that nothing of it is read. */
const BEHIND = 256

function newMemory() {
  return memoryOver(new Uint8Array(OFFSET + RingControl.bytes + CAPACITY + BEHIND))
}

function newRing(options: RingProducerOptions = {}) {
  const memory = newMemory()
  return {
    memory,
    data: OFFSET + RingControl.bytes,
    producer: new SpscRingProducer(memory, OFFSET, CAPACITY, options),
    consumer: new SpscRingConsumer(memory, OFFSET, CAPACITY),
    inspector: new RingInspector(memory, OFFSET, CAPACITY),
    ends: {
      producer: viewStruct(RingControl, memory, OFFSET, 'producer').producer,
      consumer: viewStruct(RingControl, memory, OFFSET, 'consumer').consumer,
    },
  }
}

/** All records that can be told, and whether the ring was found damaged behind them. */
function dump(memory: Memory, bytesMax?: number) {
  const records: UnreadRecord[] = []
  try {
    const copy = new RingInspector(memory, OFFSET, CAPACITY).copyUnread(bytesMax)
    for (const record of unreadRecords(copy)) records.push(record)
    return { records, damage: undefined }
  } catch (error) {
    if (!(error instanceof RingError)) throw error
    return { records, damage: error.message }
  }
}

test('both ends are seen as they stand', (t) => {
  const { producer, consumer, inspector } = newRing()
  t.like(inspector.look(), { head: 0, tail: 0, usedBytes: 0, unread: 0, full: 0 })
  for (let index = 0; index < 3; index++) producer.write(1, 0, index, new Uint8Array(100))
  t.is(inspector.look().usedBytes, 0, 'nothing is seen before publish')
  producer.publish()
  consumer.read(() => undefined, 1)
  t.like(inspector.look(), {
    ...{ capacity: CAPACITY, head: 128, tail: 384, usedBytes: 256 },
    ...{ published: 3, consumed: 1, unread: 2 },
    ...{ producerWaits: false, consumerWaits: false },
  })
  consumer.read(() => undefined, 2)
  t.true(consumer.trySleep())
  t.like(inspector.look(), { producerWaits: false, consumerWaits: true })
  while (producer.write(1, 0, 0, new Uint8Array(4000)));
  producer.publish()
  t.true(producer.trySleep())
  t.like(inspector.look(), { producerWaits: true, full: 1 })
})

test('positions that contradict each other are no fill, and records that cannot be no count', (t) => {
  const { inspector, ends } = newRing()
  for (const [head, tail, usedBytes] of [
    [0xfffffff0, 16, 32],
    [0, CAPACITY, CAPACITY],
    [0, CAPACITY + 16, undefined],
    [16, 0, undefined],
    [0, 24, undefined],
    [8, 24, undefined],
  ] as const) {
    ends.consumer.head = head
    ends.producer.tail = tail
    t.like(inspector.look(), { head, tail, usedBytes })
  }
  for (const [consumed, records, unread] of [
    [0xffffffff, 1, 2],
    [0, CAPACITY / 16, CAPACITY / 16],
    [0, CAPACITY / 16 + 1, undefined],
    [1, 0, undefined],
  ] as const) {
    ends.consumer.records = consumed
    ends.producer.records = records
    t.is(inspector.look().unread, unread)
  }
})

test('unread records are found as they were written, and stay unread', (t) => {
  const ring = newRing({ checksum: true })
  ring.producer.write(5, 70_000, 0xffffffff, Uint8Array.of(1, 2, 3))
  ring.producer.write(0xffff, 0, 1, Uint8Array.of())
  ring.producer.publish()
  const before = ring.memory.bytes.slice()
  const { records, damage } = dump(ring.memory)
  t.is(damage, undefined)
  t.like(records[0], { position: 0, type: 5, flags: RECORD_FLAG.CHECKSUM, stream: 70_000 })
  t.like(records[0], { sequence: 0xffffffff, hasRightChecksum: true, isFreed: false })
  t.deepEqual(records[0]?.payload.subarray(0, 3), Uint8Array.of(1, 2, 3))
  t.like(records[1], { position: 32, type: 0xffff, sequence: 1 })
  t.is(records.length, 2)
  t.deepEqual(ring.memory.bytes, before)
  t.is(ring.consumer.unread, 2)
  ring.memory.bytes.fill(9, ring.data + RecordHeader.bytes, ring.data + RecordHeader.bytes + 1)
  t.is(dump(ring.memory).records[0]?.hasRightChecksum, false)
})

test('whatever was written, wherever the ring wraps, all that is unread is found', (t) => {
  const lengths = fc.array(fc.nat(CAPACITY / 4 - RecordHeader.bytes), { maxLength: 40 })
  fc.assert(
    fc.property(lengths, fc.nat(40), (written, read) => {
      const { producer, consumer, memory } = newRing()
      const unread: number[] = []
      let left = read
      for (const [sequence, length] of written.entries()) {
        if (!producer.write(1, 0, sequence, new Uint8Array(length).fill(sequence))) break
        producer.publish()
        unread.push(sequence)
        if (left > 0 && consumer.read(() => undefined, 1) === 1) {
          left--
          unread.shift()
        }
      }
      const { records, damage } = dump(memory)
      t.is(damage, undefined)
      const found = records.filter(({ type }) => type !== 0)
      t.deepEqual(
        found.map(({ sequence }) => sequence),
        unread,
      )
      for (const { sequence, payload } of found) {
        t.is(payload.length, written[sequence] ?? -1)
        t.true(payload.every((byte) => byte === sequence))
      }
    }),
    { numRuns: 200 },
  )
})

test('no more is copied than asked for, and of that only whole records are told', (t) => {
  const ring = newRing()
  for (let index = 0; index < 4; index++) ring.producer.write(1, 0, index, new Uint8Array(48))
  ring.producer.publish()
  const count = (bytesMax: number) => dump(ring.memory, bytesMax).records.length
  t.deepEqual([0, 15, 63, 64, 127, 128, 255, 256, 1000].map(count), [0, 0, 0, 1, 1, 2, 3, 4, 4])
  t.is(ring.inspector.copyUnread(100).bytes.length, 96)
})

test('what the consumer frees while it is copied is marked', (t) => {
  const ring = newRing()
  for (let index = 0; index < 4; index++) ring.producer.write(1, 0, index, new Uint8Array(48))
  ring.producer.publish()
  const marks = (during: () => void) => {
    const { bytes } = ring.memory
    let isFirst = true
    const subarray = (from: number, to: number) => {
      if (isFirst) during()
      isFirst = false
      return Uint8Array.prototype.subarray.call(bytes, from, to)
    }
    // The copy is taken piece by piece: this comes between.
    Object.defineProperty(bytes, 'subarray', { value: subarray, configurable: true })
    try {
      return dump(ring.memory).records.map(({ isFreed }) => isFreed)
    } finally {
      Reflect.deleteProperty(bytes, 'subarray')
    }
  }
  t.deepEqual(
    marks(() => ring.consumer.read(() => undefined, 2)),
    [true, true, false, false],
  )
  t.deepEqual(
    marks(() => undefined),
    [false, false],
  )
  t.deepEqual(
    marks(() => {
      ring.producer.reset()
      ring.consumer.reset()
    }),
    [true, true],
  )
})

test('a record that cannot be ends the records, with what it says', (t) => {
  const ring = newRing()
  for (let index = 0; index < 3; index++) ring.producer.write(1, 0, index, new Uint8Array(48))
  ring.producer.publish()
  const length = viewStruct(RecordHeader, ring.memory, ring.data + 64, 'producer')
  length.length = CAPACITY / 4
  const { records, damage } = dump(ring.memory)
  t.is(records.length, 1)
  t.is(
    damage,
    'the record at 64 says that it is 4096 bytes of type 1, with 128 bytes published from there on',
  )
  length.length = 128
  t.regex(dump(ring.memory).damage ?? '', /^the record at 64 says that it is 128 bytes/)
  length.length = 48
  t.is(dump(ring.memory).records.length, 3)
  ring.ends.producer.tail = 8
  t.regex(dump(ring.memory).damage ?? '', /^the producer stands at 8, which is not ahead/)
})

test('a record that would go on at the start of the ring is none', (t) => {
  const { memory, data, ends } = newRing()
  ends.consumer.head = CAPACITY - 64
  ends.producer.tail = CAPACITY + 64
  const header = viewStruct(RecordHeader, memory, data + CAPACITY - 64, 'producer')
  header.type = 1
  header.length = 48
  t.is(dump(memory).records.length, 1)
  header.length = 49
  t.deepEqual(dump(memory), {
    records: [],
    damage: `the record at ${CAPACITY - 64} says that it is 49 bytes of type 1, with 128 bytes published from there on`,
  })
})

test('any bytes in a ring give a look and records or a named error, by nothing outside of it', (t) => {
  const word = fc.oneof(
    fc.constantFrom(0, 16, 32, CAPACITY, CAPACITY - 16, 0xfffffff0, 0xffffffff),
    fc.nat(0xffffffff),
  )
  const header = fc.tuple(fc.nat(CAPACITY / 64), fc.tuple(word, word, word, word))
  const bytes = fc.record({
    ends: fc.record({ head: word, ahead: word, published: word, consumed: word }),
    headers: fc.array(header, { maxLength: 20 }),
    rest: fc.uint8Array({ minLength: 16, maxLength: 64 }),
  })
  fc.assert(
    fc.property(bytes, ({ ends, headers, rest }) => {
      const seen = [0x00, 0xff].map((outside) => {
        const memory = newMemory()
        const end = OFFSET + RingControl.bytes + CAPACITY
        for (let at = OFFSET + RingControl.bytes; at < end; at++) {
          memory.bytes[at] = rest[at % rest.length] ?? 0
        }
        for (const [at, words] of headers) {
          memory.words.set(words, (OFFSET + RingControl.bytes) / 4 + 16 * at)
        }
        const producer = viewStruct(RingControl, memory, OFFSET, 'producer').producer
        const consumer = viewStruct(RingControl, memory, OFFSET, 'consumer').consumer
        producer.tail = (ends.head + ends.ahead) >>> 0
        producer.records = ends.published
        consumer.head = ends.head
        consumer.records = ends.consumed
        memory.bytes.fill(outside, 0, OFFSET).fill(outside, end)
        const before = memory.bytes.slice()
        const look = new RingInspector(memory, OFFSET, CAPACITY).look()
        const found = dump(memory)
        t.is(Buffer.compare(memory.bytes, before), 0, 'nothing is written')
        return { look, ...found }
      })
      t.deepEqual(seen[0], seen[1])
    }),
    { numRuns: 300 },
  )
})

test('a ring that does not lie in the memory is refused', (t) => {
  const memory = newMemory()
  for (const [offset, capacity] of [
    [OFFSET + BEHIND + 64, CAPACITY],
    [OFFSET + 4, CAPACITY],
    [OFFSET, 2 * CAPACITY],
    [OFFSET, CAPACITY - 16],
    [0xffffffc0, CAPACITY],
  ] as const) {
    t.throws(() => new RingInspector(memory, offset, capacity), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.notThrows(() => new RingInspector(memory, OFFSET + BEHIND, CAPACITY))
})
