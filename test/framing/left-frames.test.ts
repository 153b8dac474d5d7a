import test from 'ava'
import fc from 'fast-check'
import type { CarillonError } from '../../src/errors.ts'
import { FullMessageInfo, type IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { LEFT_FRAME_BYTES_LEAST } from '../../src/framing/limits.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { HelloFirstStrategy } from '../../src/server/hello-first-strategy.ts'
import { cutAt, encodeAll, someCuts } from './read-messages.ts'

type Create = (maxMessageBytes?: number) => IFramingStrategy

const LEAVABLE_BYTES = 3 * LEFT_FRAME_BYTES_LEAST

const STRATEGIES: readonly (readonly [string, Create])[] = [
  ['usual length', (maxMessageBytes) => new LengthPrefixedStrategy(limited(maxMessageBytes))],
  [
    'length in a header that stays',
    (maxMessageBytes) =>
      new LengthPrefixedStrategy({
        ...{ lengthBytes: 3, byteOrder: 'little', stripBytes: 0 },
        ...limited(maxMessageBytes),
      }),
  ],
  ['varint', (maxMessageBytes) => new VarintPrefixedStrategy(limited(maxMessageBytes))],
]

function limited(maxMessageBytes: number | undefined) {
  return maxMessageBytes === undefined ? {} : { maxMessageBytes }
}

/** Messages that make frames around what is left, and short ones; three bytes of length in front. */
const someFrames = fc.array(
  fc.oneof(
    fc.integer({ min: 3, max: 40 }),
    fc.integer({ min: LEFT_FRAME_BYTES_LEAST - 8, max: LEFT_FRAME_BYTES_LEAST + 2 }),
    fc.integer({ min: 3, max: LEAVABLE_BYTES + 20 }),
  ),
  { maxLength: 8 },
)

function messageOf(bytes: number, number: number): Buffer {
  const message = Buffer.alloc(bytes, number + 1)
  // Where the length is a part of the message.
  message.writeUIntLE(bytes - 3, 0, 3)
  return message
}

/** Reads as a receiver does that keeps what is left, where `keeps` says so, else takes it in pieces. */
function readKeeping(strategy: IFramingStrategy, chunks: Iterable<Buffer>, keeps: () => boolean) {
  const messages: Buffer[] = []
  const info = new FullMessageInfo(true)
  let kept = Buffer.alloc(0)
  let keptTimes = 0
  for (const bytes of chunks) {
    const chunk = Buffer.concat([kept, bytes])
    kept = Buffer.alloc(0)
    info.leavableBytesMax = LEAVABLE_BYTES
    for (let position = 0; position < chunk.length; ) {
      const taken = strategy.processDataAt?.(chunk, position, info) ?? -1
      if (taken === -1) return { messages, keptTimes, error: info.error }
      if (info.leftFrameBytes > 0) {
        const { leftFrameBytes } = info
        info.leftFrameBytes = 0
        const isRight =
          taken === 0 &&
          leftFrameBytes > chunk.length - position &&
          leftFrameBytes >= LEFT_FRAME_BYTES_LEAST &&
          leftFrameBytes <= info.leavableBytesMax
        if (!isRight) throw new Error(`left ${leftFrameBytes} bytes, took ${taken}`)
        if (keeps()) {
          keptTimes++
          kept = chunk.subarray(position)
          break
        }
        info.leavableBytesMax = 0
        continue
      }
      if (taken === 0) throw new Error('no progress')
      position += taken
      if (info.complete) {
        messages.push(Buffer.from(info.buffer))
        info.reset()
      }
    }
  }
  return { messages, keptTimes, error: undefined as CarillonError | undefined }
}

for (const [name, create] of STRATEGIES) {
  test(`${name}: what is left is read with what follows, wherever the stream is cut`, (t) => {
    fc.assert(
      fc.property(someFrames, someCuts, fc.array(fc.boolean()), (sizes, cuts, choices) => {
        const sent = sizes.map(messageOf)
        const chunks = cutAt(encodeAll(create(), sent), cuts)
        let turn = 0
        const keeps = () => choices[turn++ % Math.max(1, choices.length)] ?? true
        const { messages, error } = readKeeping(create(), chunks, keeps)
        t.is(error, undefined)
        t.deepEqual(messages, sent)
      }),
    )
  })

  test(`${name}: a frame is left from its least to its most bytes, and only where that is asked`, (t) => {
    const frameOf = (frameBytes: number) => {
      // The size in front grows with the message.
      for (let bytes = frameBytes - 8; bytes <= frameBytes; bytes++) {
        const frame = encodeAll(create(), [messageOf(bytes, 0)])
        if (frame.length === frameBytes) return frame
      }
      throw new Error(`no frame of ${frameBytes} bytes`)
    }
    const leaves = (frameBytes: number, leavableBytesMax: number) => {
      const info = new FullMessageInfo(true)
      info.leavableBytesMax = leavableBytesMax
      const chunk = frameOf(frameBytes).subarray(0, -1)
      const taken = create().processDataAt?.(chunk, 0, info)
      t.is(taken, info.leftFrameBytes === 0 ? chunk.length : 0)
      return info.leftFrameBytes
    }
    t.is(leaves(LEFT_FRAME_BYTES_LEAST - 1, LEAVABLE_BYTES), 0)
    t.is(leaves(LEFT_FRAME_BYTES_LEAST, LEAVABLE_BYTES), LEFT_FRAME_BYTES_LEAST)
    t.is(leaves(LEAVABLE_BYTES, LEAVABLE_BYTES), LEAVABLE_BYTES)
    t.is(leaves(LEAVABLE_BYTES + 1, LEAVABLE_BYTES), 0)
    t.is(leaves(LEAVABLE_BYTES, 0), 0)
  })

  test(`${name}: what is over the limit is refused by its size, and not left`, (t) => {
    const frame = encodeAll(create(), [messageOf(2 * LEFT_FRAME_BYTES_LEAST, 0)])
    const read = (limit: number) =>
      readKeeping(create(limit), [frame.subarray(0, 100), frame.subarray(100)], () => true)
    t.is(read(2 * LEFT_FRAME_BYTES_LEAST).messages.length, 1)
    t.is(read(2 * LEFT_FRAME_BYTES_LEAST).keptTimes, 1)
    const over = read(2 * LEFT_FRAME_BYTES_LEAST - 1)
    t.is(over.error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
    t.is(over.keptTimes, 0)
  })
}

test('a block behind Hello is left until it is whole, and a first message that long is refused', (t) => {
  const stream = encodeAll(new HelloFirstStrategy(), [Buffer.from('hello'), messageOf(8000, 1)])
  const cut = [stream.subarray(0, 100), stream.subarray(100)]
  const { messages, keptTimes } = readKeeping(new HelloFirstStrategy(), cut, () => true)
  t.deepEqual(messages, [Buffer.from('hello'), messageOf(8000, 1)])
  t.is(keptTimes, 1)
  const long = encodeAll(new HelloFirstStrategy(), [messageOf(8000, 1)])
  const refused = readKeeping(new HelloFirstStrategy(), [long.subarray(0, 100)], () => true)
  t.is(refused.error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
})
