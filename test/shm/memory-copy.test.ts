import test from 'ava'
import fc from 'fast-check'
import { ByteQueue } from '../../src/shm/byte-queue.ts'
import { copyIn, copyOut } from '../../src/shm/memory-copy.ts'
import { formatMpscRing } from '../../src/shm/mpsc-ring.ts'
import { SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { memoryOver } from '../../src/shm/struct-view.ts'
import { deviceMemory, isUntouched } from '../support/device-memory.ts'

const CAPACITY = 16 * 1024
const RING_BYTES = 128 + CAPACITY

test('bytes come out of a memory as they went in, whatever kind it is', (t) => {
  const payload = fc.uint8Array({ maxLength: 200 })
  fc.assert(
    fc.property(payload, fc.nat({ max: 20 }), fc.boolean(), (bytes, word, isDevice) => {
      const memory = isDevice ? deviceMemory(512) : memoryOver(new Uint8Array(512))
      copyIn(memory, 4 * word, bytes)
      const back = new Uint8Array(bytes.length)
      copyOut(memory, 4 * word, back)
      t.deepEqual(back, bytes)
      // What is beyond the last word is as it was.
      const end = word + Math.ceil(bytes.length / 4)
      t.true(memory.words.subarray(end).every((one) => one === 0))
      if (isDevice) t.true(isUntouched(memory))
    }),
  )
})

test("a ring in a device's memory carries what any other does, by words alone", (t) => {
  const memory = deviceMemory(RING_BYTES)
  const producer = new SpscRingProducer(memory, 0, CAPACITY)
  const consumer = new SpscRingConsumer(memory, 0, CAPACITY)
  let sequence = 0
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 12 }), (payloads) => {
      for (const payload of payloads) t.true(producer.write(7, 3, sequence++, payload))
      producer.publish()
      const read: Uint8Array[] = []
      consumer.read(({ offset, length }) => {
        read.push(consumer.bytes.slice(offset, offset + length))
        return true
      }, 100)
      t.deepEqual(read, payloads)
    }),
  )
  t.true(isUntouched(memory))
  const longest = new Uint8Array(producer.payloadBytesMax).map((_, at) => at * 7)
  t.true(producer.write(1, 0, 0, longest))
  producer.publish()
  const record = consumer.peek()
  t.deepEqual(
    consumer.bytes.subarray(record?.offset, (record?.offset ?? 0) + longest.length),
    longest,
  )
})

test("records in a device's memory have no checksum", (t) => {
  const memory = deviceMemory(RING_BYTES)
  t.throws(() => new SpscRingProducer(memory, 0, CAPACITY, { checksum: true }), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
})

test("what takes more than aligned loads and stores is refused in a device's memory", (t) => {
  const { words } = deviceMemory(64 * 1024)
  const bytes = new Uint8Array(words.buffer)
  const refused = { code: 'ERR_CARILLON_ARGUMENT', message: /in a device's memory/ }
  t.throws(() => formatMpscRing({ bytes, offset: 0, capacity: CAPACITY }), refused)
  t.throws(() => ByteQueue.create(bytes), refused)
  t.throws(() => ByteQueue.attach(bytes.subarray(64)), refused)
  t.true(words.every((word) => word === 0))
  t.notThrows(() => ByteQueue.create(new Uint8Array(64)))
})
