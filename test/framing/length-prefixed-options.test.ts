import test from 'ava'
import fc from 'fast-check'
import {
  type LengthPrefixedOptions,
  LengthPrefixedStrategy,
} from '../../src/framing/length-prefixed-strategy.ts'
import { cutAt, encodeAll, readMessages, someCuts } from './read-messages.ts'

interface Decoded {
  messages: Buffer[]
  skippedBytes: number
  code: string | undefined
}

type Layout = Required<LengthPrefixedOptions>

const someLayouts: fc.Arbitrary<Layout> = fc.record({
  lengthBytes: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const, 8 as const),
  byteOrder: fc.constantFrom('big' as const, 'little' as const),
  offsetBytes: fc.integer({ min: 0, max: 6 }),
  adjustmentBytes: fc.integer({ min: -12, max: 12 }),
  stripBytes: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 20 })),
  maxMessageBytes: fc.integer({ min: 1, max: 100 }),
  onTooLarge: fc.constantFrom('close' as const, 'skip' as const),
})

const someBodies = fc.array(
  fc.record({ length: fc.integer({ min: 0, max: 80 }), fill: fc.integer({ min: 0, max: 255 }) }),
  { maxLength: 8 },
)

/** Frames with these lengths in them, as long as they say where that is possible. */
function framesOf(layout: Layout, bodies: { length: number; fill: number }[]): Buffer {
  return Buffer.concat(
    bodies.map(({ length, fill }) => {
      const field = Buffer.alloc(layout.lengthBytes)
      field[layout.byteOrder === 'big' ? layout.lengthBytes - 1 : 0] = length
      const bodyBytes = Math.max(0, length + layout.adjustmentBytes)
      return Buffer.concat([
        Buffer.alloc(layout.offsetBytes, fill ^ 0x55),
        field,
        Buffer.alloc(bodyBytes, fill),
      ])
    }),
  )
}

/** What the stream says, decoded in the plainest way from the whole of it. */
function decodePlainly(layout: Layout, stream: Buffer): Decoded {
  const decoded: Decoded = { messages: [], skippedBytes: 0, code: undefined }
  const { lengthBytes, offsetBytes, adjustmentBytes, stripBytes, maxMessageBytes } = layout
  const headBytes = offsetBytes + lengthBytes
  let rest = stream
  while (rest.length >= headBytes) {
    const field = Buffer.from(rest.subarray(offsetBytes, headBytes))
    if (layout.byteOrder === 'little') field.reverse()
    const frameBytes = headBytes + Number(`0x${field.toString('hex')}`) + adjustmentBytes
    if (frameBytes < headBytes || frameBytes < stripBytes) {
      return { ...decoded, code: 'ERR_CARILLON_FRAME_LENGTH' }
    }
    const message = rest.subarray(Math.min(stripBytes, rest.length), frameBytes)
    if (frameBytes - stripBytes > maxMessageBytes) {
      if (layout.onTooLarge === 'close') {
        return { ...decoded, code: 'ERR_CARILLON_MESSAGE_TOO_LARGE' }
      }
      decoded.skippedBytes += message.length
    } else if (rest.length >= frameBytes) {
      decoded.messages.push(message)
    }
    rest = rest.subarray(Math.min(frameBytes, rest.length))
  }
  return decoded
}

/** The strategy, where these options leave any message at all. */
function create(layout: Layout): LengthPrefixedStrategy | undefined {
  const { lengthBytes, offsetBytes, adjustmentBytes, stripBytes, maxMessageBytes } = layout
  const longest = offsetBytes + lengthBytes + 256 ** lengthBytes - 1 + adjustmentBytes - stripBytes
  return maxMessageBytes <= longest ? new LengthPrefixedStrategy(layout) : undefined
}

test('any layout is read as a plain decoder reads it, wherever the stream is cut', (t) => {
  fc.assert(
    fc.property(
      someLayouts,
      someBodies,
      someCuts,
      fc.boolean(),
      fc.boolean(),
      (layout, bodies, cuts, borrowed, atOffset) => {
        const strategy = create(layout)
        fc.pre(strategy !== undefined)
        const stream = framesOf(layout, bodies)
        const expected = decodePlainly(layout, stream)
        const { messages, error } = readMessages(strategy, cutAt(stream, cuts), {
          borrowed,
          atOffset,
        })
        t.deepEqual(
          { messages, code: error?.code },
          {
            messages: expected.messages,
            code: expected.code,
          },
        )
        // Where an error ends the reading, how much was skipped before it is the same too.
        t.is(strategy.skippedBytes, expected.skippedBytes)
      },
    ),
    { numRuns: 2000 },
  )
})

test('what any layout reads is encoded to the frame that it was, or refused', (t) => {
  let framed = 0
  fc.assert(
    fc.property(someLayouts, someBodies, (layout, bodies) => {
      const strategy = create(layout)
      fc.pre(strategy !== undefined)
      const { offsetBytes, lengthBytes, stripBytes } = layout
      const stream = framesOf(layout, bodies)
      const { messages, code } = decodePlainly({ ...layout, maxMessageBytes: 1000 }, stream)
      fc.pre(code === undefined && messages.every(({ length }) => length <= layout.maxMessageBytes))
      if (stripBytes === 0 || (offsetBytes === 0 && stripBytes <= lengthBytes)) {
        t.deepEqual(encodeAll(strategy, messages), stream)
        framed += messages.length
      } else {
        t.false(strategy.framesAsReceived)
        for (const message of messages) {
          t.throws(() => strategy.encode(message), { code: 'ERR_CARILLON_NO_FRAME' })
        }
      }
    }),
    { numRuns: 1000 },
  )
  t.true(framed > 50)
})

/** The layouts of the documentation of Netty's LengthFieldBasedFrameDecoder. */
const nettys: [string, LengthPrefixedOptions, string, string][] = [
  ['length stripped', { lengthBytes: 2 }, '000c HELLO', 'HELLO'],
  ['length kept', { lengthBytes: 2, stripBytes: 0 }, '000c HELLO', '000c HELLO'],
  [
    'length of the whole frame',
    { lengthBytes: 2, adjustmentBytes: -2, stripBytes: 0 },
    '000e HELLO',
    '000e HELLO',
  ],
  [
    'header before the length',
    { lengthBytes: 3, offsetBytes: 2, stripBytes: 0 },
    'cafe 00000c HELLO',
    'cafe 00000c HELLO',
  ],
  [
    'header behind the length',
    { lengthBytes: 3, adjustmentBytes: 2, stripBytes: 0 },
    '00000c cafe HELLO',
    '00000c cafe HELLO',
  ],
  [
    'headers around the length, the first and the length stripped',
    { lengthBytes: 2, offsetBytes: 1, adjustmentBytes: 1, stripBytes: 3 },
    'ca 000c fe HELLO',
    'fe HELLO',
  ],
  [
    'headers around a length of the whole frame',
    { lengthBytes: 2, offsetBytes: 1, adjustmentBytes: -3, stripBytes: 3 },
    'ca 0010 fe HELLO',
    'fe HELLO',
  ],
]

const bytesOf = (text: string) =>
  Buffer.from(
    text.replace('HELLO', Buffer.from('HELLO, WORLD').toString('hex')).replaceAll(' ', ''),
    'hex',
  )

for (const [name, options, stream, message] of nettys) {
  test(`Netty's example: ${name}`, (t) => {
    t.deepEqual(readMessages(new LengthPrefixedStrategy(options), [bytesOf(stream)]).messages, [
      bytesOf(message),
    ])
  })
}

test('with nothing stripped, a message is sent back as it came, if it is a frame', (t) => {
  const strategy = new LengthPrefixedStrategy({ lengthBytes: 2, stripBytes: 0 })
  const frame = Buffer.from([0, 3, 1, 2, 3])
  t.is(strategy.encode(frame)[0], frame)
  for (const wrong of [[0, 2, 1, 2, 3], [0, 4, 1, 2, 3], [0], []]) {
    t.throws(() => strategy.encode(Uint8Array.from(wrong)), { code: 'ERR_CARILLON_FRAME_LENGTH' })
  }
})

test('a length that no frame can have is an error, also where what is too large is skipped', (t) => {
  const refused: [LengthPrefixedOptions, number[]][] = [
    [{ lengthBytes: 1, adjustmentBytes: -2 }, [1]],
    [{ lengthBytes: 1, stripBytes: 4 }, [2]],
    [{ lengthBytes: 8 }, [0, 0x20, 0, 0, 0, 0, 0, 0]],
    [{ lengthBytes: 8, byteOrder: 'little' }, [0, 0, 0, 0, 0, 0, 0, 0xff]],
  ]
  for (const [options, bytes] of refused) {
    const strategy = new LengthPrefixedStrategy({ ...options, onTooLarge: 'skip' })
    const { error } = readMessages(strategy, [Buffer.from(bytes)])
    t.is(error?.code, 'ERR_CARILLON_FRAME_LENGTH')
  }
  const taken: [LengthPrefixedOptions, number[]][] = [
    [{ lengthBytes: 1, adjustmentBytes: -2 }, [2]],
    [{ lengthBytes: 1, stripBytes: 4 }, [3, 1, 2, 3]],
    [{ lengthBytes: 8 }, [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0]],
  ]
  for (const [options, bytes] of taken) {
    const strategy = new LengthPrefixedStrategy({ ...options, onTooLarge: 'skip' })
    t.is(readMessages(strategy, [Buffer.from(bytes)]).error, undefined)
  }
})

test('options out of range are refused', (t) => {
  const highest = 2 ** 30 - 1
  const wrong: LengthPrefixedOptions[] = [
    { offsetBytes: -1 },
    { offsetBytes: 1025 },
    { offsetBytes: 0.5 },
    { adjustmentBytes: highest + 1 },
    { adjustmentBytes: -highest - 1 },
    { stripBytes: -1 },
    { stripBytes: highest + 1 },
    { lengthBytes: 1, adjustmentBytes: -255 },
    { lengthBytes: 1, stripBytes: 256 },
  ]
  for (const options of wrong) {
    t.throws(() => new LengthPrefixedStrategy(options), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  const right: LengthPrefixedOptions[] = [
    { offsetBytes: 1024 },
    { adjustmentBytes: highest },
    { adjustmentBytes: -highest },
    { stripBytes: highest },
    { lengthBytes: 1, adjustmentBytes: -254 },
    { lengthBytes: 1, stripBytes: 255 },
  ]
  for (const options of right) t.notThrows(() => new LengthPrefixedStrategy(options))
})
