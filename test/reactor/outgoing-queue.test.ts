import test from 'ava'
import fc from 'fast-check'
import { bytesOf, OutgoingQueue } from '../../src/reactor/outgoing-queue.ts'

const message = fc
  .array(fc.uint8Array({ maxLength: 5 }), { minLength: 1, maxLength: 4 })
  .filter((chunks) => bytesOf(chunks) > 0)
const step = fc.oneof(
  message.map((chunks) => ({ push: chunks })),
  fc.record({ bytesMax: fc.nat(30), chunksMax: fc.nat(10) }).map((take) => ({ take })),
  fc.constant('drop' as const),
)

test('messages leave whole and in order, in batches within the limits or one by one', (t) => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new OutgoingQueue()
      const model: Uint8Array[][] = []
      for (const action of steps) {
        if (action === 'drop') {
          t.is(queue.dropOldest(), bytesOf(model.shift() ?? []))
        } else if ('push' in action) {
          queue.push(action.push, bytesOf(action.push))
          model.push(action.push)
        } else {
          const { bytesMax, chunksMax } = action.take
          const batch = queue.take(bytesMax, chunksMax)
          const expected = model.shift() ?? []
          for (let next = model[0]; next !== undefined; next = model[0]) {
            const longer = [...expected, ...next]
            if (bytesOf(longer) > bytesMax || longer.length > chunksMax) break
            expected.push(...next)
            model.shift()
          }
          t.deepEqual(batch, expected)
        }
        t.is(queue.length, model.length)
        t.is(queue.bytes, bytesOf(model.flat()))
      }
    }),
  )
})

test('a message of more chunks than a batch may have goes alone', (t) => {
  const queue = new OutgoingQueue()
  const many = Array.from({ length: 200_000 }, () => Buffer.from('x'))
  queue.push(many, many.length)
  queue.push([Buffer.from('y')], 1)
  t.is(queue.take(1, 1)?.length, many.length)
  t.is(queue.length, 1)
})

test('a message whose memory was given away is not sent, and counts as it did', (t) => {
  const queue = new OutgoingQueue()
  const [kept, given] = [new Uint8Array(3), new Uint8Array(5)]
  queue.push([kept], 3)
  queue.push([Buffer.of(1, 2), given], 7)
  queue.push([Buffer.of(3)], 1)
  structuredClone(given, { transfer: [given.buffer] })
  t.deepEqual(queue.take(100, 100), [kept])
  t.is(queue.take(100, 100), undefined)
  t.is(queue.bytes, 8)
  t.is(queue.dropOldest(), 7)
  t.deepEqual(queue.take(100, 100), [Buffer.of(3)])
  t.is(queue.bytes, 0)
})

test('a message that is held is taken out alone, and released where it is dropped', (t) => {
  const queue = new OutgoingQueue()
  let released = 0
  const release = () => {
    released++
  }
  queue.push([Buffer.of(1)], 1)
  for (let index = 0; index < 3; index++) queue.push([Buffer.of(2, 3)], 2, release)
  t.is(queue.takeHeld(), undefined)
  t.deepEqual(queue.take(100, 100), [Buffer.of(1)])
  t.is(queue.takeHeld()?.release, release)
  t.deepEqual([queue.bytes, queue.length, released], [4, 2, 0])
  t.is(queue.dropOldest(), 2)
  t.is(released, 1)
  queue.clear()
  t.deepEqual([queue.bytes, queue.length, released], [0, 0, 2])
})
