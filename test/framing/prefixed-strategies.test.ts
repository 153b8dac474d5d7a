import test from 'ava'
import fc from 'fast-check'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import {
  type LengthPrefixedOptions,
  LengthPrefixedStrategy,
} from '../../src/framing/length-prefixed-strategy.ts'
import type { SizeLimitOptions } from '../../src/framing/limited-strategy.ts'
import type { PrefixedStrategy } from '../../src/framing/prefixed-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { cutAt, encodeAll, readMessages, someCuts, someMessages } from './read-messages.ts'

const lengthPrefixed = (own: LengthPrefixedOptions) => (options?: SizeLimitOptions) =>
  new LengthPrefixedStrategy({ ...own, ...options })

/** What holds for every strategy with a size in front, whatever the size's form. */
const forms: [string, (options?: SizeLimitOptions) => PrefixedStrategy][] = [
  ['1 byte', lengthPrefixed({ lengthBytes: 1 })],
  ...([2, 3, 4] as const).flatMap((lengthBytes) =>
    (['big', 'little'] as const).map(
      (byteOrder): [string, (options?: SizeLimitOptions) => PrefixedStrategy] => [
        `${lengthBytes} bytes, ${byteOrder}-endian`,
        lengthPrefixed({ lengthBytes, byteOrder }),
      ],
    ),
  ),
  ['varint', (options) => new VarintPrefixedStrategy(options)],
]

for (const [form, create] of forms) {
  test(`${form}: what was encoded is read, wherever the stream is cut`, (t) => {
    fc.assert(
      fc.property(someMessages(255), someCuts, fc.boolean(), (messages, cuts, borrowed) => {
        const stream = encodeAll(create(), messages)
        t.deepEqual(readMessages(create(), cutAt(stream, cuts), { borrowed }), {
          messages,
          error: undefined,
        })
      }),
    )
  })

  test(`${form}: a stream can be cut between all bytes`, (t) => {
    const messages = ['', 'a', 'bc', '', 'd'.repeat(200)].map((text) => Buffer.from(text))
    const stream = encodeAll(create(), messages)
    const chunks = cutAt(stream, [...stream.keys()])
    t.is(chunks.length, stream.length)
    t.deepEqual(readMessages(create(), chunks).messages, messages)
  })

  test(`${form}: a message is read from anywhere in a chunk`, (t) => {
    const messages = ['first', '', 'second'].map((text) => Buffer.from(text))
    const stream = encodeAll(create(), messages)
    const chunk = Buffer.concat([Buffer.alloc(7, 0xff), stream])
    const strategy = create()
    const info = new FullMessageInfo()
    const read: Buffer[] = []
    for (let start = 7; start < chunk.length; ) {
      start += strategy.processDataAt(chunk, start, info)
      t.true(info.complete)
      read.push(info.buffer)
      info.reset()
    }
    t.deepEqual(read, messages)
  })

  test(`${form}: skipping stays in step, and is counted`, (t) => {
    fc.assert(
      fc.property(
        someMessages(255),
        fc.integer({ min: 1, max: 200 }),
        someCuts,
        (messages, maxMessageBytes, cuts) => {
          const strategy = create({ maxMessageBytes, onTooLarge: 'skip' })
          const chunks = cutAt(encodeAll(create(), messages), cuts)
          t.deepEqual(readMessages(strategy, chunks), {
            messages: messages.filter((message) => message.length <= maxMessageBytes),
            error: undefined,
          })
          const skipped = messages.filter((message) => message.length > maxMessageBytes)
          t.is(strategy.skippedMessages, skipped.length)
          t.is(strategy.skippedBytes, Buffer.concat(skipped).length)
        },
      ),
    )
  })

  test(`${form}: the limit is the longest message that is taken`, (t) => {
    const atLimit = Buffer.alloc(100, 1)
    const overLimit = Buffer.alloc(101, 2)
    const stream = encodeAll(create(), [atLimit, overLimit, atLimit])
    const { messages, error } = readMessages(create({ maxMessageBytes: 100 }), [stream])
    t.deepEqual(messages, [atLimit])
    t.is(error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
    t.is(error?.message, 'a message of 101 bytes is over the limit of 100 bytes')
  })

  test(`${form}: what is over the limit is refused by its size alone`, (t) => {
    const [size] = create().encode(Buffer.alloc(101))
    const strategy = create({ maxMessageBytes: 100 })
    const info = new FullMessageInfo()
    t.is(strategy.processData(Buffer.from(size as Uint8Array), info), -1)
    t.is(info.buffer.length, 0)
    t.is(strategy.skippedMessages, 0)
  })

  test(`${form}: encode has the same limit, and copies nothing`, (t) => {
    const strategy = create({ maxMessageBytes: 100 })
    const message = Buffer.alloc(100)
    t.is(strategy.encode(message)[1], message)
    t.throws(() => strategy.encode(Buffer.alloc(101)), {
      code: 'ERR_CARILLON_MESSAGE_TOO_LARGE',
      message: 'a message of 101 bytes is over the limit of 100 bytes',
    })
    t.is(strategy.encode(Buffer.alloc(0)).length, 1)
  })

  test(`${form}: a message whole in the chunk is a view where that is wanted`, (t) => {
    const read = (borrowed: boolean) => {
      const chunk = encodeAll(create(), [Buffer.from('whole')])
      const info = new FullMessageInfo(borrowed)
      t.is(create().processData(chunk, info), chunk.length)
      t.is(info.buffer.toString(), 'whole')
      chunk.fill('x')
      return info.buffer.toString()
    }
    t.is(read(true), 'xxxxx')
    t.is(read(false), 'whole')
  })

  test(`${form}: limits out of range are refused`, (t) => {
    for (const maxMessageBytes of [0, -1, 1.5, Number.NaN, 2 ** 30, Number.POSITIVE_INFINITY]) {
      t.throws(() => create({ maxMessageBytes }), { code: 'ERR_CARILLON_ARGUMENT' })
    }
    t.is(create({ maxMessageBytes: 1 }).maxMessageBytes, 1)
    t.throws(() => create({ onTooLarge: 'ignore' as 'skip' }), {
      code: 'ERR_CARILLON_ARGUMENT',
      message: 'onTooLarge is one of close, skip, not ignore',
    })
  })
}

test('memory follows what has arrived, not what a size promises', (t) => {
  const messageBytes = 1024 * 1024
  const strategy = new LengthPrefixedStrategy()
  const message = Buffer.alloc(messageBytes, 7)
  const [size] = strategy.encode(message)
  const info = new FullMessageInfo()
  strategy.processData(Buffer.from(size as Uint8Array), info)
  t.is(info.buffer.length, 0)
  const buffers = new Set<Buffer>()
  for (let position = 0; position < messageBytes; position += 1000) {
    const chunk = message.subarray(position, position + 1000)
    strategy.processData(chunk, info)
    buffers.add(info.buffer)
    const arrived = position + chunk.length
    if (info.buffer.length > Math.max(4096, 2 * arrived)) t.fail(`${info.buffer.length} bytes`)
  }
  t.true(info.complete)
  t.true(info.buffer.equals(message))
  t.true(buffers.size <= 10)
})
