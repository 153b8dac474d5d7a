import test from 'ava'
import fc from 'fast-check'
import { ByteQueue } from '../../src/shm/byte-queue.ts'
import type { QueueError } from '../../src/shm/errors.ts'
import { MsgQueue } from '../../src/shm/msg-queue.ts'

/** 63 bytes can be filled: four messages without data and a prefix of two. */
const REGION_BYTES = 72

interface Setup {
  prefix?: string
  regionBytes?: number
  /** Where both sides begin. */
  position?: number
  maxMessageBytes?: number
}

function newQueue({
  prefix = 'TT',
  regionBytes = REGION_BYTES,
  position = 0,
  ...more
}: Setup = {}) {
  const region = new Uint8Array(regionBytes).fill(0xa5)
  const bytes = ByteQueue.create(region)
  new Uint32Array(region.buffer, 0, 2).fill(position)
  const queue = new MsgQueue(bytes, { prefix: latin1(prefix), ...more })
  /** Bytes of the region from `start` on, as text. */
  const held = (start = 0, end = regionBytes) =>
    Buffer.from(region.subarray(start, end)).toString('latin1')
  return { region, bytes, queue, held }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** All messages that are there, and the codes of the errors on the way. */
function readAll(queue: MsgQueue) {
  const messages: string[] = []
  const errors: string[] = []
  for (let calls = 0; calls < 10_000; calls++) {
    try {
      const message = queue.tryRead()
      if (message === undefined) return { messages, errors }
      messages.push(message.toString('latin1'))
    } catch (error) {
      errors.push((error as QueueError).code)
    }
  }
  throw new Error('reading comes to no end')
}

// Worked out from the description with another implementation of the checksum (Python's binascii).
const EMPTY_TT = 'TT\x01\0\0\0\0\x8b\x71\x89\xe0\x1c\xdf\x44\x21'
const NUMBERS_7 =
  '\x07\x07\x07\x07\x01\x05\0\0\0\xca\xa7\xb1\x5a\x01\x02\x03\x04\x05\x47\x7a\x20\x67'
const FF_NO_PREFIX = '\x01\x01\0\0\0\xc8\xb9\xfe\x43\xff\x90\x18\x20\xeb'
const HELLO = 'DEFAULT_PREFIX: \x01\x0d\0\0\0\xbf\x74\xcc\xa3Hello, World!\xef\x74\xd1\x2a'
const VERSION_2 = 'TT\x02\x02\0\0\0\xd0\xc3\x20\x0dAB\x5b\xff\x72\xc0'

const VECTORS = [
  { prefix: 'TT', message: '', framed: EMPTY_TT },
  { prefix: '\x07\x07\x07\x07', message: '\x01\x02\x03\x04\x05', framed: NUMBERS_7 },
  { prefix: '', message: '\xff', framed: FF_NO_PREFIX },
  { prefix: 'DEFAULT_PREFIX: ', message: 'Hello, World!', framed: HELLO },
]

for (const { prefix, message, framed } of VECTORS) {
  test(`the bytes of a message of ${message.length} with a prefix of ${prefix.length}`, (t) => {
    const { queue, held } = newQueue({ prefix })
    queue.writeOrFail(latin1(message))
    t.is(held(0, 4), `${String.fromCharCode(framed.length)}\0\0\0`)
    t.is(held(8, 8 + framed.length), framed)
    t.is(held(8 + framed.length, 8 + framed.length + 1), '\xa5')
    t.is(queue.readOrFail().toString('latin1'), message)

    const other = newQueue({ prefix, position: 60 })
    other.bytes.writeOrFail(latin1(framed))
    t.is(other.queue.readOrFail().toString('latin1'), message, 'over the end of the data')
    t.is(other.queue.stats.skippedBytes, 0)
  })
}

test('a message of the largest size passes, and one more byte does not', (t) => {
  const { queue } = newQueue()
  t.is(queue.largestMessageBytes, 63 - 15)
  t.is(queue.maxMessageBytes, 63 - 15)
  t.throws(() => queue.writeOrFail(new Uint8Array(49)), { code: 'ERR_CARILLON_QUEUE_TOO_BIG' })
  t.throws(() => queue.readOrFail(), { code: 'ERR_CARILLON_QUEUE_EMPTY' })
  const largest = new Uint8Array(48).fill(7)
  queue.writeOrFail(largest)
  t.throws(() => queue.writeOrFail(new Uint8Array(0)), { code: 'ERR_CARILLON_QUEUE_FULL' })
  t.false(queue.tryWrite(new Uint8Array(0)))
  t.deepEqual(new Uint8Array(queue.readOrFail()), largest)
  t.is(queue.tryRead(), undefined)
})

test('the reader may take less than the queue holds', (t) => {
  const { queue } = newQueue({ maxMessageBytes: 3 })
  queue.writeOrFail(latin1('four'))
  queue.writeOrFail(latin1('tri'))
  t.deepEqual(readAll(queue), { messages: ['tri'], errors: ['ERR_CARILLON_QUEUE_TOO_BIG'] })
  t.deepEqual(queue.stats, {
    messages: 1,
    skippedBytes: 19,
    damaged: 0,
    tooBig: 1,
    wrongVersion: 0,
  })
})

test('prefix, queue and limit must fit', (t) => {
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  t.notThrows(() => newQueue({ prefix: '', regionBytes: 8 + 1 + 13 }))
  t.throws(() => newQueue({ prefix: '', regionBytes: 8 + 1 + 12 }), refused)
  t.throws(() => newQueue({ prefix: 'P', regionBytes: 8 + 1 + 13 }), refused)
  const { queue } = newQueue({ prefix: 'p'.repeat(64), regionBytes: 200 })
  queue.writeOrFail(latin1('yes'))
  t.is(queue.readOrFail().toString(), 'yes')
  t.throws(() => newQueue({ prefix: 'p'.repeat(65), regionBytes: 200 }), refused)
  t.notThrows(() => newQueue({ maxMessageBytes: 0 }))
  t.notThrows(() => newQueue({ maxMessageBytes: 48 }))
  for (const maxMessageBytes of [-1, 49, 1.5]) {
    t.throws(() => newQueue({ maxMessageBytes }), refused)
  }
  t.throws(() => queue.tryWrite('text' as unknown as Uint8Array), refused)
})

test('a message of another version is skipped by name', (t) => {
  const { bytes, queue } = newQueue()
  bytes.writeOrFail(latin1(VERSION_2))
  queue.writeOrFail(latin1('next'))
  t.deepEqual(readAll(queue), { messages: ['next'], errors: ['ERR_CARILLON_QUEUE_VERSION'] })
  t.like(queue.stats, { messages: 1, skippedBytes: VERSION_2.length, wrongVersion: 1, damaged: 0 })
})

test('a message that can never be there whole is not waited for', (t) => {
  const larger = newQueue({ regionBytes: 2 * REGION_BYTES })
  larger.queue.writeOrFail(new Uint8Array(49).fill(0x54))
  const header = new Uint8Array(11)
  larger.bytes.peekOrFail(header)
  const { bytes, queue } = newQueue()
  bytes.writeOrFail(header)
  queue.writeOrFail(latin1('next'))
  t.deepEqual(readAll(queue), { messages: ['next'], errors: ['ERR_CARILLON_QUEUE_TOO_BIG'] })
  t.like(queue.stats, { skippedBytes: 11, tooBig: 1 })
})

test('a message is delivered once it is whole, and noise before it is passed over', (t) => {
  const { bytes, queue } = newQueue()
  for (const letter of EMPTY_TT) {
    t.is(queue.tryRead(), undefined)
    bytes.writeOrFail(latin1(letter))
  }
  t.is(queue.tryRead()?.length, 0)
  bytes.writeOrFail(latin1('noiseT'))
  t.is(queue.tryRead(), undefined)
  t.is(queue.stats.skippedBytes, 5, 'not what may begin a prefix')
  bytes.writeOrFail(latin1(EMPTY_TT.slice(1)))
  t.is(queue.tryRead()?.length, 0)
  t.is(queue.stats.skippedBytes, 5)
})

test('a prefix is found behind much noise, wherever it lies', (t) => {
  for (let noise = 4080; noise <= 4110; noise++) {
    const { bytes, queue } = newQueue({ prefix: 'PREFIX', regionBytes: 10_000, position: 9000 })
    bytes.writeOrFail(Buffer.alloc(noise, 'PREFI'))
    queue.writeOrFail(latin1('found'))
    t.is(queue.readOrFail().toString(), 'found', `${noise}`)
    t.is(queue.stats.skippedBytes, noise)
  }
})

test('positions out of range are an error of reader and writer', (t) => {
  const { region, queue } = newQueue()
  new Uint32Array(region.buffer, 0, 2)[1] = REGION_BYTES - 8
  t.throws(() => queue.tryRead(), { code: 'ERR_CARILLON_QUEUE_DAMAGED' })
  t.throws(() => queue.tryWrite(new Uint8Array(0)), { code: 'ERR_CARILLON_QUEUE_DAMAGED' })
})

/** The same queue; `then` happens right after each use of its member `name`. */
function interrupted(queue: ByteQueue, name: keyof ByteQueue, then: () => void): ByteQueue {
  return new Proxy(queue, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') {
        if (key === name) then()
        return member
      }
      return (...values: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, values)
        if (key === name) then()
        return result
      }
    },
  })
}

for (const step of ['size', 'peekAtMost', 'peekOrFail'] as const) {
  test(`a queue that is created anew while it is read has no message: after ${step}`, (t) => {
    const { region, bytes, queue } = newQueue()
    const prefix = latin1('TT')
    queue.writeOrFail(latin1('gone'))
    const anew = interrupted(bytes, step, () => ByteQueue.create(region))
    const reader = new MsgQueue(anew, { prefix })
    t.is(reader.tryRead(), undefined)
    t.is(reader.stats.messages, 0)
    queue.writeOrFail(latin1('here'))
    t.is(new MsgQueue(bytes, { prefix }).readOrFail().toString(), 'here')
  })
}

test('a queue whose positions move while it is written to is full, and waited for', (t) => {
  const { bytes } = newQueue()
  const filled = interrupted(bytes, 'space', () => bytes.writeAtMost(new Uint8Array(63)))
  const writer = new MsgQueue(filled, { prefix: latin1('TT') })
  t.false(writer.tryWrite(latin1('late')))
  t.throws(() => writer.writeBlocking(latin1('late'), { timeoutMs: 5 }), {
    code: 'ERR_CARILLON_QUEUE_TIMEOUT',
  })
})

test('blocking calls give up, and leave nothing half written', (t) => {
  const { queue } = newQueue()
  const timeout = { code: 'ERR_CARILLON_QUEUE_TIMEOUT' }
  t.throws(() => queue.readBlocking({ timeoutMs: 5 }), timeout)
  queue.writeBlocking(new Uint8Array(30), { timeoutMs: 0 })
  t.throws(() => queue.writeBlocking(new Uint8Array(30), { timeoutMs: 5 }), timeout)
  t.is(queue.readBlocking({ timeoutMs: 0 }).length, 30)
  t.is(queue.tryRead(), undefined)
  t.throws(() => queue.writeBlocking(new Uint8Array(49), { timeoutMs: 5 }), {
    code: 'ERR_CARILLON_QUEUE_TOO_BIG',
  })
})

test('any messages pass in order, however writing and reading alternate', (t) => {
  const property = fc.property(
    fc.constantFrom('', 'T', 'TT', 'TAT'),
    fc.nat(63),
    fc.array(fc.oneof(fc.uint8Array({ maxLength: 46 }), fc.constant(undefined))),
    (prefix, position, steps) => {
      const { queue } = newQueue({ prefix, position })
      const sent: string[] = []
      const received: string[] = []
      for (const message of steps) {
        if (message === undefined) received.push(...readAll(queue).messages)
        else if (queue.tryWrite(message)) sent.push(Buffer.from(message).toString('latin1'))
      }
      received.push(...readAll(queue).messages)
      t.deepEqual(received, sent)
      t.like(queue.stats, { messages: sent.length, skippedBytes: 0, damaged: 0 })
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('damage of a byte costs its message and no other', (t) => {
  const message = fc.string({
    unit: fc.constantFrom('T', 'A', '\0', '\x01', '\xff'),
    maxLength: 20,
  })
  const property = fc.property(
    fc.constantFrom('', 'T', 'TT', 'TAT'),
    fc.nat(191),
    fc.array(message, { minLength: 2, maxLength: 4 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    (prefix, position, messages, at, difference) => {
      const { region, bytes, queue } = newQueue({ prefix, position, regionBytes: 200 })
      const ends = messages.map((text) => {
        queue.writeOrFail(latin1(text))
        return bytes.size
      })
      // Not of the last, which could leave what looks like a beginning with nothing behind it.
      const place = at % (ends.at(-2) ?? 0)
      const damaged = ends.findIndex((end) => place < end)
      const index = 8 + ((position + place) % 192)
      region[index] = (region[index] ?? 0) ^ difference
      const { messages: received, errors } = readAll(queue)
      t.deepEqual(
        received,
        messages.filter((_, one) => one !== damaged),
      )
      t.true(errors.every((code) => code === 'ERR_CARILLON_QUEUE_CRC'))
      const start = ends[damaged - 1] ?? 0
      t.is(queue.stats.skippedBytes, (ends[damaged] ?? 0) - start)
      t.is(queue.stats.damaged, errors.length)
      t.is(bytes.size, 0)
    },
  )
  fc.assert(property, { numRuns: 1000 })
})

test('any damage of anything delivers no wrong message, and reading ends', (t) => {
  const store = fc.tuple(fc.nat(199), fc.nat(255))
  const property = fc.property(
    fc.constantFrom('', 'TT'),
    fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }),
    fc.array(store, { minLength: 1, maxLength: 30 }),
    (prefix, messages, stores) => {
      const { region, bytes, queue } = newQueue({ prefix, regionBytes: 200 })
      for (const text of messages) queue.writeOrFail(latin1(text))
      for (const [index, value] of stores) region[index] = value
      let calls = 0
      for (let isOver = false; !isOver; calls++) {
        try {
          const message = queue.tryRead()
          if (message === undefined) isOver = true
          else t.true(messages.includes(message.toString('latin1')))
        } catch (error) {
          isOver = (error as QueueError).code === 'ERR_CARILLON_QUEUE_DAMAGED'
        }
      }
      t.true(calls <= bytes.capacity + 1)
    },
  )
  fc.assert(property, { numRuns: 1000 })
})
