import test from 'ava'
import fc from 'fast-check'
import { ChunkQueue } from '../../src/reactor/chunk-queue.ts'

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
