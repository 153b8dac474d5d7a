import test from 'ava'
import fc from 'fast-check'
import { FullMessageInfo, type IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import type { SizeLimitOptions } from '../../src/framing/limited-strategy.ts'
import { cutAt, encodeAll, readMessages, someCuts } from './read-messages.ts'

/** A strategy as the suite sees it. */
export interface StrategyUnderTest {
  readonly name: string
  readonly create: (options?: SizeLimitOptions) => IFramingStrategy
  /** Its frame, where the strategy itself has none for outgoing messages. */
  readonly frame?: (message: Buffer) => Buffer
  /** One message that can be framed; of up to 255 bytes. */
  readonly message: fc.Arbitrary<Buffer>
  /** Bytes that are likely to mean something to the strategy. */
  readonly telling: readonly number[]
  /** What the strategy may keep of a message that is not complete: its limit and the frame's rest. */
  readonly memoryBytesMax: (maxMessageBytes: number) => number
  /** Whether it takes up a stream again that was damaged: then what bytes stand between frames. */
  readonly resynchronisesAt?: readonly number[]
}

/** The stream in which these messages come. */
function framesOf({ create, frame }: StrategyUnderTest, messages: readonly Buffer[]): Buffer {
  return frame === undefined
    ? encodeAll(create(), messages)
    : Buffer.concat(messages.map((message) => frame(message)))
}

/** Whatever a stream may hold: noise, bytes that mean something, and frames with damage in them. */
function someStream(strategy: StrategyUnderTest): fc.Arbitrary<Buffer> {
  const { message, telling } = strategy
  const noise = fc.oneof(fc.constantFrom(...telling), fc.integer({ min: 0, max: 255 }))
  const frame = message.map((bytes) => framesOf(strategy, [bytes]))
  const damaged = fc
    .tuple(frame, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([bytes, place, value]) => {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[place % copy.length] = value
      return copy
    })
  return fc
    .array(
      fc.oneof(
        frame,
        damaged,
        fc.array(noise, { maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      ),
      { maxLength: 8 },
    )
    .map((pieces) => Buffer.concat(pieces))
}

/** What holds for every strategy. */
export function strategySuite(strategy: StrategyUnderTest): void {
  const { name, create, message } = strategy
  const messages = fc.array(message, { maxLength: 12 })
  const stream = someStream(strategy)

  test(`${name}: what was encoded is read, wherever the stream is cut`, (t) => {
    fc.assert(
      fc.property(
        messages,
        someCuts,
        fc.boolean(),
        fc.boolean(),
        (sent, cuts, borrowed, atOffset) => {
          const chunks = cutAt(framesOf(strategy, sent), cuts)
          t.deepEqual(readMessages(create(), chunks, { borrowed, atOffset }), {
            messages: sent,
            error: undefined,
          })
        },
      ),
    )
  })

  test(`${name}: a stream can be cut between all bytes`, (t) => {
    fc.assert(
      fc.property(messages, (sent) => {
        const whole = framesOf(strategy, sent)
        t.deepEqual(readMessages(create(), cutAt(whole, [...whole.keys()])).messages, sent)
      }),
      { numRuns: 20 },
    )
  })

  test(`${name}: whatever comes is the same wherever it is cut, borrowed or not`, (t) => {
    fc.assert(
      fc.property(
        stream,
        someCuts,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom('close' as const, 'skip' as const),
        fc.integer({ min: 1, max: 100 }),
        (bytes, cuts, borrowed, atOffset, onTooLarge, maxMessageBytes) => {
          const whole = create({ maxMessageBytes, onTooLarge })
          const inPieces = create({ maxMessageBytes, onTooLarge })
          const expected = readMessages(whole, cutAt(bytes, []))
          const { messages, error } = readMessages(inPieces, cutAt(bytes, cuts), {
            borrowed,
            atOffset,
          })
          t.deepEqual(messages, expected.messages)
          t.deepEqual(
            [error?.code, error?.message],
            [expected.error?.code, expected.error?.message],
          )
          t.is(inPieces.skippedMessages, whole.skippedMessages)
          t.is(inPieces.skippedBytes, whole.skippedBytes)
        },
      ),
      { numRuns: 300 },
    )
  })

  test(`${name}: whatever comes, no more is kept than the limit allows`, (t) => {
    fc.assert(
      fc.property(
        stream,
        someCuts,
        fc.constantFrom('close' as const, 'skip' as const),
        fc.integer({ min: 1, max: 100 }),
        (bytes, cuts, onTooLarge, maxMessageBytes) => {
          const memoryBytesMax = strategy.memoryBytesMax(maxMessageBytes)
          readMessages(create({ maxMessageBytes, onTooLarge }), cutAt(bytes, cuts), {
            onInfo: ({ buffer, error }) => {
              if (buffer.length > memoryBytesMax) t.fail(`${buffer.length} bytes`)
              if (error !== undefined && !error.code.startsWith('ERR_CARILLON_')) t.fail(error.code)
            },
          })
        },
      ),
      { numRuns: 300 },
    )
    t.pass()
  })

  test(`${name}: an owned message fills its buffer and keeps nothing else`, (t) => {
    fc.assert(
      fc.property(messages, someCuts, (sent, cuts) => {
        for (const { length, buffer } of readMessages(
          create(),
          cutAt(framesOf(strategy, sent), cuts),
        ).messages) {
          // Beside others in Node's pool, or alone.
          t.true(buffer.byteLength <= Math.max(length, 2 * Buffer.poolSize))
        }
      }),
    )
    t.pass()
  })

  const between = strategy.resynchronisesAt
  if (between === undefined) return

  test(`${name}: behind whatever damage, the stream is read again`, (t) => {
    fc.assert(
      fc.property(stream, message, message, someCuts, (damage, first, second, cuts) => {
        const wanted = { onTooLarge: 'skip' as const, maxMessageBytes: 255 }
        const frames = framesOf(strategy, [first, second])
        const whole = Buffer.concat([damage, Buffer.from(between), frames])
        const { messages, error } = readMessages(create(wanted), cutAt(whole, cuts))
        t.is(error, undefined)
        t.deepEqual(messages.slice(-2), [first, second])
      }),
    )
  })
}

/** What holds for every strategy that is told a limit, beside what holds for all. */
export function limitSuite(
  { name, create, message }: StrategyUnderTest,
  {
    messageOf,
    skippedBytesOf = ({ length }) => length,
    tellsSize = false,
  }: {
    /** A message of so many bytes. */
    readonly messageOf: (messageBytes: number) => Buffer
    /** What skipping it counts. */
    readonly skippedBytesOf?: (message: Buffer) => number
    /** Whether a message's size is known before its end. */
    readonly tellsSize?: boolean
  },
): void {
  const sizeOf = (bytes: number) => (tellsSize ? `a message of ${bytes} bytes` : 'a message')

  test(`${name}: skipping stays in step, and is counted`, (t) => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        someCuts,
        (sent, maxMessageBytes, cuts) => {
          const strategy = create({ maxMessageBytes, onTooLarge: 'skip' })
          const chunks = cutAt(encodeAll(create(), sent), cuts)
          t.deepEqual(readMessages(strategy, chunks), {
            messages: sent.filter(({ length }) => length <= maxMessageBytes),
            error: undefined,
          })
          const skipped = sent.filter(({ length }) => length > maxMessageBytes)
          t.is(strategy.skippedMessages, skipped.length)
          t.is(
            strategy.skippedBytes,
            skipped.reduce((sum, one) => sum + skippedBytesOf(one), 0),
          )
        },
      ),
    )
  })

  test(`${name}: the limit is the longest message that is taken, and that is sent`, (t) => {
    const atLimit = messageOf(100)
    const overLimit = messageOf(101)
    const stream = encodeAll(create(), [atLimit, overLimit, atLimit])
    for (const cuts of [[], [...stream.keys()]]) {
      const strategy = create({ maxMessageBytes: 100 })
      const { messages, error } = readMessages(strategy, cutAt(stream, cuts))
      t.deepEqual(messages, [atLimit])
      t.is(error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
      t.is(error?.message, `${sizeOf(101)} is over the limit of 100 bytes`)
      t.is(strategy.skippedMessages, 0)
    }
    const strategy = create({ maxMessageBytes: 100 })
    t.deepEqual(encodeAll(strategy, [atLimit]), encodeAll(create(), [atLimit]))
    t.throws(() => strategy.encode?.(overLimit), {
      code: 'ERR_CARILLON_MESSAGE_TOO_LARGE',
      message: 'a message of 101 bytes is over the limit of 100 bytes',
    })
  })

  test(`${name}: a message without end is refused, or skipped and counted, as it comes`, (t) => {
    const endless = encodeAll(create(), [messageOf(255)]).subarray(0, 200)
    const refusing = create({ maxMessageBytes: 100 })
    t.is(readMessages(refusing, [endless]).error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
    const skipping = create({ maxMessageBytes: 100, onTooLarge: 'skip' })
    t.deepEqual(readMessages(skipping, cutAt(endless, [50, 120, 150])), {
      messages: [],
      error: undefined,
    })
    t.is(skipping.skippedMessages, 1)
    t.true((skipping.skippedBytes ?? 0) > 190)
  })

  test(`${name}: limits out of range are refused`, (t) => {
    for (const maxMessageBytes of [0, -1, 1.5, Number.NaN, 2 ** 30, Number.POSITIVE_INFINITY]) {
      t.throws(() => create({ maxMessageBytes }), { code: 'ERR_CARILLON_ARGUMENT' })
    }
    t.notThrows(() => create({ maxMessageBytes: 1 }))
    t.throws(() => create({ onTooLarge: 'ignore' as 'skip' }), {
      code: 'ERR_CARILLON_ARGUMENT',
      message: 'onTooLarge is one of close, skip, not ignore',
    })
  })
}

/** What holds for every strategy whose messages are in the stream as they are. */
export function viewSuite(strategy: StrategyUnderTest, sent: Buffer): void {
  const { name, create } = strategy
  test(`${name}: a message whole in the chunk is a view where that is wanted`, (t) => {
    const read = (borrowed: boolean) => {
      const chunk = framesOf(strategy, [sent])
      const info = new FullMessageInfo(borrowed)
      t.is(create().processData(chunk, info), chunk.length)
      t.deepEqual(info.buffer, sent)
      chunk.fill(0xdb)
      return info.buffer.equals(sent)
    }
    t.false(read(true))
    t.true(read(false))
  })
}
