import test from 'ava'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import {
  type LengthPrefixedOptions,
  LengthPrefixedStrategy,
} from '../../src/framing/length-prefixed-strategy.ts'
import type { SizeLimitOptions } from '../../src/framing/limited-strategy.ts'
import type { PrefixedStrategy } from '../../src/framing/prefixed-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'

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
  test(`${form}: what is over the limit is refused by its size alone`, (t) => {
    const [size] = create().encode(Buffer.alloc(101))
    const strategy = create({ maxMessageBytes: 100 })
    const info = new FullMessageInfo()
    t.is(strategy.processData(Buffer.from(size as Uint8Array), info), -1)
    t.is(info.buffer.length, 0)
    t.is(strategy.skippedMessages, 0)
  })

  test(`${form}: encode copies nothing`, (t) => {
    const strategy = create({ maxMessageBytes: 100 })
    const message = Buffer.alloc(100)
    t.is(strategy.encode(message)[1], message)
    t.is(strategy.encode(Buffer.alloc(0)).length, 1)
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
