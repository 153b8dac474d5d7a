import test from 'ava'
import fc from 'fast-check'
import { copyBytes, copyIntoWords } from '../src/copy-bytes.ts'

test('any bytes get to any place, and nothing beside them changes', (t) => {
  const lengths = fc.oneof(fc.nat(40), fc.integer({ min: 500, max: 530 }), fc.nat(2000))
  fc.assert(
    fc.property(lengths, fc.nat(40), fc.nat(7), fc.nat(20), (length, start, offset, word) => {
      const source = Uint8Array.from({ length: 2048 + 64 }, (_, index) => index * 7).subarray(
        offset,
      )
      const target = new Uint8Array(4096).fill(0xee)
      const expected = target.slice()
      const at = 4 * word
      expected.set(source.slice(start, start + length), at)
      const words = new Int32Array(target.buffer)
      copyIntoWords(target, words, at, source, start, start + length)
      t.deepEqual(target, expected)
      copyBytes(target, at + 1, source, start, start + length)
      expected.set(source.slice(start, start + length), at + 1)
      t.deepEqual(target, expected)
    }),
  )
})

test('the whole of a source, and memory that is shared', (t) => {
  const target = new Uint8Array(new SharedArrayBuffer(1024))
  const words = new Int32Array(target.buffer)
  const source = new Uint8Array(new SharedArrayBuffer(1000)).fill(5)
  copyIntoWords(target, words, 8, source, 0, 1000)
  copyIntoWords(target, words, 8, source, 0, 9)
  t.deepEqual(target, new Uint8Array(1024).fill(5, 8, 1008))
})

test('where there is no room it throws', (t) => {
  const target = new Uint8Array(16)
  const words = new Int32Array(target.buffer)
  const source = new Uint8Array(600)
  for (const bytes of [9, 17, 600]) {
    t.throws(() => copyIntoWords(target, words, 8, source, 0, bytes), { instanceOf: RangeError })
  }
  t.notThrows(() => copyIntoWords(target, words, 8, source, 0, 8))
  structuredClone(target, { transfer: [target.buffer] })
  for (const bytes of [0, 8, 600]) {
    t.throws(() => copyIntoWords(target, words, 8, source, 0, bytes), { instanceOf: TypeError })
  }
})
