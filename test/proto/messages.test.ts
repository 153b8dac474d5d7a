import test from 'ava'
import fc from 'fast-check'
import { decodeServerMessage, encodeServerSamples, ServerMessage } from '../../proto/messages.ts'

const same = (stream: number, sequence: number, data: Uint8Array) => {
  const theirs = ServerMessage.encode({ samples: { stream, sequence, data } }).finish()
  return Buffer.from(encodeServerSamples(stream, sequence, data)).equals(theirs)
}

test('samples are encoded as the library encodes them', (t) => {
  const number = fc.oneof(
    fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28),
    fc.integer({ min: 0, max: 0xffffffff }),
  )
  fc.assert(fc.property(number, number, fc.uint8Array({ maxLength: 300 }), same))
  for (const length of [0, 1, 110, 116, 117, 118, 127, 128, 16_370, 16_383, 16_384, 65_520]) {
    t.true(same(3, 0xffffffff, new Uint8Array(length).fill(7)), `${length}`)
  }
})

test('samples are read again, and are a copy', (t) => {
  const data = Uint8Array.of(1, 2, 3, 4)
  const message = encodeServerSamples(5, 6, data)
  data.fill(9)
  const { body, samples } = decodeServerMessage(message)
  t.is(body, 'samples')
  t.deepEqual([samples?.stream, samples?.sequence], [5, 6])
  t.deepEqual([...(samples?.data ?? [])], [1, 2, 3, 4])
})
