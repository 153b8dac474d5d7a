import test from 'ava'
import fc from 'fast-check'
import { ChunkQueue } from '../../src/reactor/chunk-queue.ts'
import { HeldMemory } from '../../src/reactor/held-memory.ts'

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { maxLength: 4 })

test('what is left is what was not skipped', (t) => {
  fc.assert(
    fc.property(chunks, chunks, fc.nat(40), (first, second, most) => {
      const queue = new ChunkQueue()
      queue.push(first)
      queue.push(second)
      const all = Buffer.concat([...first, ...second])
      const bytes = Math.min(most, all.length)
      queue.skip(bytes)
      t.true(queue.isIntact)
      t.deepEqual(Buffer.concat(queue.chunks), all.subarray(bytes))
    }),
  )
})

test('it is not intact once one of its chunks was given away', (t) => {
  const queue = new ChunkQueue()
  const given = new Uint8Array(8)
  queue.push([Buffer.from('ding'), given, Buffer.from('dong')])
  queue.skip(6)
  t.true(queue.isIntact)
  structuredClone(given, { transfer: [given.buffer] })
  t.false(queue.isIntact)
  queue.push([Buffer.from('more')])
  t.false(queue.isIntact)
})

test('what is held is let go of when the last of its chunks is sent, or the queue is cleared', (t) => {
  for (const [skipped, expected] of [
    [[4, 5], 0],
    [[4, 5, 1], 1],
    [[10], 1],
    [[14], 1],
    [[], 0],
  ] as const) {
    let released = 0
    const held = new HeldMemory(() => released++)
    const queue = new ChunkQueue()
    queue.push([Buffer.from('ding')])
    queue.push([Buffer.from('dong'), Buffer.from('ab')], held)
    queue.push([Buffer.from('last')])
    held.letGo()
    t.is(released, 0)
    for (const bytes of skipped) queue.skip(bytes)
    t.is(released, expected)
    queue.clear()
    t.is(released, 1)
    t.deepEqual(queue.chunks, [])
  }
})

test('what comes before a held chunk ends at one that is large enough', (t) => {
  const queue = new ChunkQueue()
  const held = new HeldMemory(() => {})
  const chunks = [Buffer.from('ding'), Buffer.from('dong!'), Buffer.from('a')]
  queue.push(chunks.slice(0, 1))
  queue.push(chunks.slice(1), held)
  t.deepEqual(queue.chunksBefore(5), chunks.slice(0, 1))
  t.deepEqual(queue.chunksBefore(6), chunks)
  queue.skip(4)
  t.deepEqual(queue.chunksBefore(5), [])
  t.is(queue.first?.chunk, chunks[1])
  t.is(queue.first?.held, held)
})
