import test from 'ava'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { encodeAll, readMessages } from './read-messages.ts'

test('the length stands in front, in the byte order asked for', (t) => {
  const message = Buffer.alloc(0x0102, 9)
  const prefix = (...options: ConstructorParameters<typeof LengthPrefixedStrategy>) =>
    [...(new LengthPrefixedStrategy(...options).encode(message)[0] as Uint8Array)].join(' ')
  t.is(prefix(), '0 0 1 2')
  t.is(prefix({ byteOrder: 'little' }), '2 1 0 0')
  t.is(prefix({ lengthBytes: 3 }), '0 1 2')
  t.is(prefix({ lengthBytes: 3, byteOrder: 'little' }), '2 1 0')
  t.is(prefix({ lengthBytes: 2 }), '1 2')
  t.is(prefix({ lengthBytes: 2, byteOrder: 'little' }), '2 1')
})

test('the limit is 1 MiB, or what the length can say', (t) => {
  t.deepEqual(
    ([1, 2, 3, 4] as const).map(
      (lengthBytes) => new LengthPrefixedStrategy({ lengthBytes }).maxMessageBytes,
    ),
    [255, 65535, 1024 * 1024, 1024 * 1024],
  )
  for (const [lengthBytes, highest] of [
    [1, 255],
    [2, 65535],
    [3, 2 ** 24 - 1],
    [4, 2 ** 30 - 1],
  ] as const) {
    const create = (maxMessageBytes: number) =>
      new LengthPrefixedStrategy({ lengthBytes, maxMessageBytes })
    t.is(create(highest).maxMessageBytes, highest)
    t.throws(() => create(highest + 1), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('the longest message of each length is read', (t) => {
  for (const lengthBytes of [1, 2, 3] as const) {
    for (const byteOrder of ['big', 'little'] as const) {
      const create = () =>
        new LengthPrefixedStrategy({
          lengthBytes,
          byteOrder,
          maxMessageBytes: 256 ** lengthBytes - 1,
        })
      const message = Buffer.alloc(256 ** lengthBytes - 1, 5)
      const stream = encodeAll(create(), [message, Buffer.from('next')])
      const { messages } = readMessages(create(), [stream.subarray(0, 300), stream.subarray(300)])
      t.is(messages.length, 2)
      t.true(messages[0]?.equals(message))
      t.is(messages[1]?.toString(), 'next')
    }
  }
})

test('a length of four bytes is unsigned', (t) => {
  for (const byteOrder of ['big', 'little'] as const) {
    const { error } = readMessages(new LengthPrefixedStrategy({ byteOrder }), [
      Buffer.alloc(4, 0xff),
    ])
    t.regex(error?.message ?? '', /4294967295 bytes/)
  }
})

test('a length of another width or byte order is refused', (t) => {
  for (const lengthBytes of [0, 5, 1.5, -1]) {
    t.throws(() => new LengthPrefixedStrategy({ lengthBytes: lengthBytes as 1 }), {
      code: 'ERR_CARILLON_ARGUMENT',
      message: `lengthBytes is one of 1, 2, 3, 4, 8, not ${lengthBytes}`,
    })
  }
  t.throws(() => new LengthPrefixedStrategy({ byteOrder: 'middle' as 'big' }), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
})
