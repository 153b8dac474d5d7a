import { Worker } from 'node:worker_threads'
import test from 'ava'
import fc from 'fast-check'
import { BLOCK_TIMEOUT_MS_MAX } from '../../src/shm/block-until.ts'
import { ByteQueue } from '../../src/shm/byte-queue.ts'

const MAX_REGION_BYTES = 8 + 1024 ** 3

function text(words: string): Uint8Array {
  return Buffer.from(words, 'latin1')
}

/** A region in the midst of other memory, which must stay as it is. */
function newRegion(bytes: number) {
  const memory = new Uint8Array(new SharedArrayBuffer(16 + bytes + 16)).fill(0xa5)
  const region = memory.subarray(16, 16 + bytes)
  const positions = new Uint32Array(memory.buffer, 16, 2)
  const isTouchedOutside = () =>
    [...memory.subarray(0, 16), ...memory.subarray(16 + bytes)].some((byte) => byte !== 0xa5)
  return { region, positions, isTouchedOutside }
}

function consume(queue: ByteQueue, bytes: number): string {
  const into = Buffer.alloc(bytes)
  queue.consumeOrFail(into)
  return into.toString('latin1')
}

test('a region holds the positions of the writer and the reader, then data', (t) => {
  const { region, isTouchedOutside } = newRegion(20)
  const inLatin1 = () => Buffer.from(region).toString('latin1')
  const queue = ByteQueue.create(region)
  t.is(inLatin1().slice(0, 8), '\0\0\0\0\0\0\0\0')
  queue.writeOrFail(text('abcdefghij'))
  t.is(inLatin1(), '\x0a\0\0\0\0\0\0\0abcdefghij\xa5\xa5')
  t.is(consume(queue, 7), 'abcdefg')
  t.is(inLatin1().slice(0, 8), '\x0a\0\0\0\x07\0\0\0')
  queue.writeOrFail(text('12'), text(''), text('34567'))
  t.is(inLatin1(), '\x05\0\0\0\x07\0\0\x0034567fghij12', 'over the end of the data')
  t.is(queue.size, 10)
  t.is(queue.space, 1)
  t.is(consume(queue, 10), 'hij1234567')
  t.is(inLatin1().slice(0, 8), '\x05\0\0\0\x05\0\0\0')
  t.false(isTouchedOutside())
})

test('a queue that is attached goes on where it was', (t) => {
  const { region } = newRegion(20)
  ByteQueue.create(region).writeOrFail(text('abc'))
  const queue = ByteQueue.attach(region)
  t.is(queue.capacity, 12)
  t.is(queue.size, 3)
  t.is(consume(queue, 3), 'abc')
  ByteQueue.create(region).writeOrFail(text('new'))
  t.is(consume(queue, 3), 'new', 'also where the other side has created it anew')
})

test('one byte of the capacity stays free', (t) => {
  const { region, isTouchedOutside } = newRegion(20)
  const queue = ByteQueue.create(region)
  t.is(queue.largestSize, 11)
  t.is(queue.space, 11)
  const tooBig = { code: 'ERR_CARILLON_QUEUE_TOO_BIG' }
  t.throws(() => queue.writeOrFail(new Uint8Array(12)), tooBig)
  t.throws(() => queue.writeOrFail(new Uint8Array(6), new Uint8Array(6)), tooBig)
  t.throws(() => queue.consumeOrFail(new Uint8Array(12)), tooBig)
  t.throws(() => queue.peekOrFail(new Uint8Array(12)), tooBig)
  t.throws(() => queue.skipOrFail(12), tooBig)
  t.is(queue.size, 0)
  queue.writeOrFail(text('abcdefghijk'))
  t.is(queue.size, 11)
  t.throws(() => queue.writeOrFail(text('l')), { code: 'ERR_CARILLON_QUEUE_FULL' })
  queue.writeOrFail()
  const empty = { code: 'ERR_CARILLON_QUEUE_EMPTY' }
  queue.skipOrFail(10)
  t.throws(() => queue.skipOrFail(2), empty)
  t.throws(() => queue.peekOrFail(new Uint8Array(2)), empty)
  t.throws(() => consume(queue, 2), empty)
  t.is(consume(queue, 1), 'k')
  t.is(consume(queue, 0), '')
  t.throws(() => consume(queue, 1), empty)
  t.false(isTouchedOutside())
})

test('at most as much as there is room or are bytes', (t) => {
  const queue = ByteQueue.create(newRegion(20).region)
  t.is(queue.writeAtMost(text('abcdefghijklmn')), 11)
  t.is(queue.writeAtMost(text('o')), 0)
  const into = Buffer.alloc(12)
  t.is(queue.peekAtMost(into, 9), 2)
  t.is(into.toString('latin1', 0, 2), 'jk')
  t.is(queue.peekAtMost(into, 11), 0)
  t.is(queue.peekAtMost(into, 1024 ** 3), 0)
  t.throws(() => queue.peekAtMost(into, 1024 ** 3 + 1), { code: 'ERR_CARILLON_ARGUMENT' })
  t.is(queue.skipAtMost(4), 4)
  t.is(queue.consumeAtMost(into), 7)
  t.is(into.toString('latin1', 0, 7), 'efghijk')
  t.is(queue.skipAtMost(4), 0)
  t.is(queue.consumeAtMost(into), 0)
})

test('a region has a size and a place', (t) => {
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  for (const bytes of [0, 8, 9]) t.throws(() => ByteQueue.create(new Uint8Array(bytes)), refused)
  t.notThrows(() => ByteQueue.create(new Uint8Array(10)))
  const memory = new Uint8Array(MAX_REGION_BYTES + 1)
  t.throws(() => ByteQueue.create(memory), refused)
  t.throws(() => ByteQueue.create(memory.subarray(2, 20)), refused)
  const largest = ByteQueue.create(memory.subarray(0, MAX_REGION_BYTES))
  t.is(largest.space, 1024 ** 3 - 1)
  t.throws(() => ByteQueue.attach('region' as unknown as Uint8Array), refused)
})

test('the smallest queue passes one byte at a time', (t) => {
  const queue = ByteQueue.create(newRegion(10).region)
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    t.is(queue.writeAtMost(text(`${letter}!`)), 1)
    t.is(consume(queue, 1), letter)
  }
})

test('a position outside of the queue is an error of every call, and nothing is written', (t) => {
  const damaged = { code: 'ERR_CARILLON_QUEUE_DAMAGED' }
  for (const word of [0, 1]) {
    for (const position of [12, 13, 20, 2 ** 31, 2 ** 32 - 1]) {
      const { region, positions, isTouchedOutside } = newRegion(20)
      const queue = ByteQueue.create(region)
      positions[word] = position
      const before = Buffer.from(region)
      const byte = new Uint8Array(1)
      const calls: (() => unknown)[] = [
        () => ByteQueue.attach(region),
        () => queue.size,
        () => queue.space,
        () => queue.writeOrFail(byte),
        () => queue.writeAtMost(byte),
        () => queue.writeBlocking(byte, { timeoutMs: 0 }),
        () => queue.consumeOrFail(byte),
        () => queue.consumeAtMost(byte),
        () => queue.consumeBlocking(byte, { timeoutMs: 0 }),
        () => queue.peekOrFail(byte),
        () => queue.peekAtMost(byte),
        () => queue.skipOrFail(1),
        () => queue.skipAtMost(1),
      ]
      for (const call of calls) t.throws(call, damaged, `${call} at ${position}`)
      t.deepEqual(Buffer.from(region), before)
      t.false(isTouchedOutside())
    }
  }
})

test('the last place in the data is a position', (t) => {
  const { region, positions } = newRegion(20)
  const queue = ByteQueue.create(region)
  positions.fill(11)
  t.is(queue.size, 0)
  queue.writeOrFail(text('ab'))
  t.deepEqual([...positions], [1, 11])
  t.is(consume(queue, 2), 'ab')
})

test('a blocking call that gives up says how far it came', (t) => {
  const queue = ByteQueue.create(newRegion(20).region)
  t.throws(() => queue.writeBlocking(text('abcdefghijklm'), { timeoutMs: 20 }), {
    code: 'ERR_CARILLON_QUEUE_TIMEOUT',
    message: /^11 of 13 bytes/,
  })
  const into = Buffer.alloc(13)
  const error = t.throws(() => queue.consumeBlocking(into, { timeoutMs: 0 }))
  t.like(error, { code: 'ERR_CARILLON_QUEUE_TIMEOUT', transferredBytes: 11 })
  t.is(into.toString('latin1', 0, 11), 'abcdefghijk')
  queue.consumeBlocking(new Uint8Array(0), { timeoutMs: 0 })
})

test('a blocking call has a limit', (t) => {
  const queue = ByteQueue.create(newRegion(20).region)
  queue.writeBlocking(text('a'), { timeoutMs: BLOCK_TIMEOUT_MS_MAX })
  for (const timeoutMs of [-1, 0.5, BLOCK_TIMEOUT_MS_MAX + 1, Number.POSITIVE_INFINITY]) {
    t.throws(() => queue.writeBlocking(text('a'), { timeoutMs }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('blocking calls pass more than the queue holds, between threads', async (t) => {
  const { region } = newRegion(8 + 100)
  const queue = ByteQueue.create(region)
  const worker = new Worker(new URL('./queue-consumer-thread.js', import.meta.url), {
    workerData: { region, bytes: 10_000 },
  })
  const ended = new Promise<number>((resolve, reject) => {
    worker.on('exit', resolve).on('error', reject)
  })
  const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => index * 7)
  queue.writeBlocking(bytes, { timeoutMs: 30_000 })
  const [back] = await new Promise<[Uint8Array]>((resolve) => {
    worker.on('message', (message) => resolve([message]))
  })
  t.deepEqual(back, bytes)
  t.is(await ended, 0)
})

test('any interleaving of writes and reads gives the same bytes', (t) => {
  const step = fc.record({
    kind: fc.constantFrom(
      'writeOrFail',
      'writeAtMost',
      'consumeOrFail',
      'consumeAtMost',
      'peek',
      'skip',
    ),
    bytes: fc.nat(40),
  })
  const property = fc.property(
    fc.integer({ min: 10, max: 60 }),
    fc.array(step, { maxLength: 200 }),
    (regionBytes, steps) => {
      const { region, isTouchedOutside } = newRegion(regionBytes)
      const queue = ByteQueue.create(region)
      let written = 0
      let consumed = 0
      const stream = (from: number, count: number) =>
        Buffer.from(Array.from({ length: count }, (_, index) => (from + index) * 31))
      for (const { kind, bytes } of steps) {
        const into = Buffer.alloc(bytes)
        const size = written - consumed
        const space = regionBytes - 9 - size
        if (kind === 'writeOrFail') {
          if (bytes <= space) {
            queue.writeOrFail(stream(written, bytes))
            written += bytes
          } else {
            t.throws(() => queue.writeOrFail(stream(written, bytes)))
          }
        } else if (kind === 'writeAtMost') {
          const count = queue.writeAtMost(stream(written, bytes))
          t.is(count, Math.min(bytes, space))
          written += count
        } else if (kind === 'consumeOrFail' && bytes > size) {
          t.throws(() => queue.consumeOrFail(into))
        } else if (kind === 'skip') {
          consumed += queue.skipAtMost(bytes)
        } else {
          const count = Math.min(bytes, size)
          if (kind === 'consumeOrFail') queue.consumeOrFail(into)
          else if (kind === 'peek') t.is(queue.peekAtMost(into), count)
          else t.is(queue.consumeAtMost(into), count)
          t.deepEqual(into.subarray(0, count), stream(consumed, count))
          if (kind !== 'peek') consumed += count
        }
        t.is(queue.size, written - consumed)
      }
      t.false(isTouchedOutside())
    },
  )
  fc.assert(property, { numRuns: 300 })
})
