import test from 'ava'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { encodeAll, readMessages, someMessages } from './read-messages.ts'

const HIGHEST = 2 ** 30 - 1

/** What a strategy says of a stream that begins with these bytes and ends there. */
function errorOf(...bytes: number[]) {
  return readMessages(new VarintPrefixedStrategy({ onTooLarge: 'skip' }), [Buffer.from(bytes)])
    .error
}

test('the stream is the one that protobufjs writes', (t) => {
  fc.assert(
    fc.property(someMessages(300), (messages) => {
      const writer = protobuf.Writer.create()
      for (const message of messages) writer.bytes(message)
      t.deepEqual(encodeAll(new VarintPrefixedStrategy(), messages), Buffer.from(writer.finish()))
    }),
  )
})

test('sizes at the edges of their width are read and written', (t) => {
  for (const size of [127, 128, 16383, 16384, 2 ** 21 - 1, 2 ** 21]) {
    const create = () => new VarintPrefixedStrategy({ maxMessageBytes: HIGHEST })
    const message = Buffer.alloc(size, 3)
    const stream = encodeAll(create(), [message])
    t.is(stream.length, size + protobuf.Writer.create().uint32(size).finish().length)
    t.true(readMessages(create(), [stream]).messages[0]?.equals(message))
  }
})

test('a size has at most 32 bits', (t) => {
  t.is(errorOf(0xff, 0xff, 0xff, 0xff, 0x0f), undefined)
  for (const bytes of [
    [0xff, 0xff, 0xff, 0xff, 0x1f],
    [0xff, 0xff, 0xff, 0xff, 0x8f],
    [0x80, 0x80, 0x80, 0x80, 0x80],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  ]) {
    const error = errorOf(...bytes)
    t.is(error?.code, 'ERR_CARILLON_VARINT')
    t.is(error?.message, 'the size in front of a message has more than 32 bits')
  }
})

test('a size may be longer than it need be, up to five bytes', (t) => {
  const stream = Buffer.from([0x81, 0x80, 0x80, 0x80, 0x00, 0x61, 0x80, 0x00, 0x01, 0x62])
  t.deepEqual(readMessages(new VarintPrefixedStrategy(), [stream]).messages.map(String), [
    'a',
    '',
    'b',
  ])
})

test('the limit is 1 MiB, and at most 1 GiB less one byte', (t) => {
  t.is(new VarintPrefixedStrategy().maxMessageBytes, 1024 * 1024)
  t.is(new VarintPrefixedStrategy({ maxMessageBytes: HIGHEST }).maxMessageBytes, HIGHEST)
  t.throws(() => new VarintPrefixedStrategy({ maxMessageBytes: HIGHEST + 1 }), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
})
