import test from 'ava'
import fc from 'fast-check'
import {
  RingMessageReader,
  type RingMessageReaderOptions,
} from '../../src/shm/ring-message-reader.ts'
import { RingMessageWriter } from '../../src/shm/ring-message-writer.ts'
import { LIMITS, RECORD_FLAG, RingControl } from '../../src/shm/shared-mem.ts'
import { SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { memoryOver } from '../../src/shm/struct-view.ts'
import { deviceMemory, isUntouched } from '../support/device-memory.ts'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const ALL = Number.MAX_SAFE_INTEGER

interface Received {
  readonly type: number
  readonly stream: number
  readonly sequence: number
  readonly bytes: Uint8Array
}

function newRing(
  options: RingMessageReaderOptions = {},
  memory = memoryOver(new Uint8Array(RingControl.bytes + CAPACITY)),
) {
  const producer = new SpscRingProducer(memory, 0, CAPACITY)
  const consumer = new SpscRingConsumer(memory, 0, CAPACITY)
  const writer = new RingMessageWriter(producer)
  const reader = new RingMessageReader(consumer, options)
  const received: Received[] = []
  const read = (limit = ALL) =>
    reader.read(({ type, stream, sequence, bytes, offset, length }) => {
      received.push({ type, stream, sequence, bytes: bytes.slice(offset, offset + length) })
      return undefined
    }, limit)
  return { producer, writer, reader, received, read }
}

type Ring = ReturnType<typeof newRing>

/** Through the ring, whatever its length. */
function send(ring: Ring, sequence: number, message: Uint8Array): void {
  let isWhole = ring.writer.write(7, 3, sequence, message)
  while (!isWhole) {
    ring.producer.publish()
    if (ring.read() === 0) throw new Error('neither side gets on')
    isWhole = ring.writer.resume()
  }
  ring.producer.publish()
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 0xff)
}

test('messages of any length arrive whole, in order, whatever the rhythm', (t) => {
  const most = CAPACITY / 4 - 16
  const length = fc.oneof(
    fc.nat(100),
    fc.nat(3 * CAPACITY),
    fc.constantFrom(0, most - 1, most, most + 1, 2 * most, 2 * most + 1, CAPACITY),
  )
  fc.assert(
    fc.property(
      fc.array(length, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (lengths, limit) => {
        const ring = newRing()
        lengths.forEach((bytes, sequence) => {
          send(ring, sequence, pattern(bytes))
          if (sequence % 3 === 0) ring.read(limit)
        })
        while (ring.read(limit) > 0);
        t.is(ring.received.length, lengths.length)
        ring.received.forEach(({ type, stream, sequence, bytes }, at) => {
          t.deepEqual([type, stream, sequence], [7, 3, at])
          t.deepEqual(bytes, pattern(lengths[at] ?? -1))
        })
        t.deepEqual(ring.reader.stats, { messages: lengths.length, tooLong: 0, broken: 0 })
      },
    ),
    { numRuns: 200 },
  )
})

test('the longest message is put together, one byte more is passed over and counted', (t) => {
  const messageBytesMax = 10_000
  const ring = newRing({ messageBytesMax })
  send(ring, 0, pattern(messageBytesMax))
  send(ring, 1, pattern(messageBytesMax + 1))
  send(ring, 2, pattern(messageBytesMax))
  ring.read()
  t.deepEqual(
    ring.received.map(({ sequence }) => sequence),
    [0, 2],
  )
  t.deepEqual(ring.received[1]?.bytes, pattern(messageBytesMax))
  t.deepEqual(ring.reader.stats, { messages: 2, tooLong: 1, broken: 0 })
})

test('messageBytesMax is 1 byte to 1 GiB', (t) => {
  for (const messageBytesMax of [0, -1, 1.5, Number.NaN, LIMITS.MESSAGE_BYTES_MAX + 1]) {
    t.throws(() => newRing({ messageBytesMax }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  for (const messageBytesMax of [1, LIMITS.MESSAGE_BYTES_MAX]) {
    t.notThrows(() => newRing({ messageBytesMax }))
  }
})

test('a message is 1 GiB at most', (t) => {
  const { writer } = newRing()
  // Of a page that is all zeros, as long as nobody writes to it.
  const bytes = new Uint8Array(LIMITS.MESSAGE_BYTES_MAX + 1)
  t.throws(() => writer.write(7, 0, 0, bytes), { code: 'ERR_CARILLON_ARGUMENT' })
  t.false(writer.isBusy)
  t.false(writer.write(7, 0, 0, bytes.subarray(1)), 'it is begun')
  t.true(writer.isBusy)
})

test('a second message has to wait for the first', (t) => {
  const { writer } = newRing()
  t.false(writer.write(7, 0, 0, pattern(2 * CAPACITY)))
  t.true(writer.isBusy)
  t.throws(() => writer.write(7, 0, 1, pattern(1)), { code: 'ERR_CARILLON_ARGUMENT' })
  writer.abandon()
  t.false(writer.isBusy)
})

test('a message that becomes shorter while it is under way is never taken for whole', (t) => {
  const ring = newRing()
  // Of ECMAScript 2024, which the types of Node 20 do not know.
  const memory: ArrayBuffer & { resize(bytes: number): void } = Reflect.construct(ArrayBuffer, [
    2 * CAPACITY,
    { maxByteLength: 2 * CAPACITY },
  ])
  t.false(ring.writer.write(7, 3, 0, new Uint8Array(memory)))
  ring.producer.publish()
  ring.read()
  memory.resize(CAPACITY)
  t.throws(() => ring.writer.resume(), { code: 'ERR_CARILLON_ARGUMENT', message: /resized/ })
  ring.writer.abandon()
  send(ring, 1, pattern(5))
  ring.read()
  t.deepEqual(
    ring.received.map(({ sequence }) => sequence),
    [1],
  )
  t.is(ring.reader.stats.broken, 1)
})

test("messages go through a ring in a device's memory, by words alone", (t) => {
  const memory = deviceMemory(RingControl.bytes + CAPACITY)
  const ring = newRing({}, memory)
  const lengths = [0, 1, 5, CAPACITY / 4, CAPACITY + 3]
  for (const [sequence, length] of lengths.entries()) send(ring, sequence, pattern(length))
  ring.read()
  t.deepEqual(
    ring.received.map(({ bytes }) => bytes),
    lengths.map(pattern),
  )
  t.true(isUntouched(memory))
})

test('a type that means padding, or is none, is refused', (t) => {
  const { writer } = newRing()
  for (const type of [0, -1, 0.5, 0x10000, Number.NaN]) {
    t.throws(() => writer.write(type, 0, 0, pattern(1)), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  const message = 'text' as unknown as Uint8Array
  t.throws(() => writer.write(1, 0, 0, message), { code: 'ERR_CARILLON_ARGUMENT' })
  t.true(writer.write(1, 0, 0, pattern(1)))
  t.true(writer.write(0xffff, 0, 0, pattern(1)))
})

test('a message that is given up is counted, and the next one arrives', (t) => {
  const ring = newRing()
  ring.writer.write(7, 0, 0, pattern(2 * CAPACITY))
  ring.writer.abandon()
  ring.producer.publish()
  ring.read()
  send(ring, 1, pattern(CAPACITY))
  ring.read()
  t.deepEqual(ring.reader.stats, { messages: 1, tooLong: 0, broken: 1 })
  t.deepEqual(ring.received[0]?.bytes, pattern(CAPACITY))
})

test('a message whose beginning is missing is counted once', (t) => {
  const ring = newRing()
  const { MORE, CONTINUED } = RECORD_FLAG
  for (const flags of [CONTINUED | MORE, CONTINUED | MORE, CONTINUED]) {
    ring.producer.claim(8)
    ring.producer.commit(7, 0, 0, flags)
  }
  send(ring, 1, pattern(5))
  ring.read()
  t.deepEqual(ring.reader.stats, { messages: 1, tooLong: 0, broken: 1 })
})

test('pieces of another message are none of this one', (t) => {
  const ring = newRing()
  const { MORE, CONTINUED } = RECORD_FLAG
  ring.producer.claim(8)
  ring.producer.commit(7, 0, 0, MORE)
  ring.producer.claim(8)
  ring.producer.commit(7, 0, 1, CONTINUED)
  ring.producer.publish()
  ring.read()
  t.deepEqual(ring.reader.stats, { messages: 0, tooLong: 0, broken: 2 })
})

test('any flags in any order are messages or counted, never an error', (t) => {
  const piece = fc.record({ flags: fc.nat(3), sequence: fc.nat(1), length: fc.nat(600) })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 100 }), (pieces) => {
      const ring = newRing({ messageBytesMax: 1000 })
      for (const { flags, sequence, length } of pieces) {
        ring.producer.claim(length)
        ring.producer.commit(7, 0, sequence, flags)
        ring.producer.publish()
        ring.read()
      }
      for (const { bytes } of ring.received) t.true(bytes.byteLength <= 1000)
      const { messages, tooLong, broken } = ring.reader.stats
      const lasts = pieces.filter(({ flags }) => (flags & RECORD_FLAG.MORE) === 0).length
      t.is(messages, ring.received.length)
      t.true(messages + tooLong + broken >= lasts)
    }),
    { numRuns: 300 },
  )
})
