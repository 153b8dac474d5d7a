import fc from 'fast-check'
import { CobsStrategy } from '../../src/framing/cobs-strategy.ts'
import { DelimiterStrategy } from '../../src/framing/delimiter-strategy.ts'
import { FixedLengthStrategy } from '../../src/framing/fixed-length-strategy.ts'
import { HttpRequestStrategy } from '../../src/framing/http-request-strategy.ts'
import {
  type LengthPrefixedOptions,
  LengthPrefixedStrategy,
} from '../../src/framing/length-prefixed-strategy.ts'
import type { SizeLimitOptions } from '../../src/framing/limited-strategy.ts'
import { LineStrategy } from '../../src/framing/line-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { limitSuite, type StrategyUnderTest, strategySuite, viewSuite } from './strategy-suite.ts'

const CR = 0x0d
const LF = 0x0a
const FIXED_BYTES = 10

const anyBytes = fc.uint8Array({ maxLength: 255, size: 'max' }).map((bytes) => Buffer.from(bytes))
/** Many zeros, long runs without one, and the blocks of COBS around their full length. */
const bytesForCobs = fc.oneof(
  anyBytes,
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 250, max: 255 }).map((length) => Buffer.alloc(length, 1)),
)

const plain = (messageBytes: number) => Buffer.alloc(messageBytes, 'm')

function lengthPrefixed(name: string, own: LengthPrefixedOptions): StrategyUnderTest {
  return {
    name,
    create: (options: SizeLimitOptions = {}) => new LengthPrefixedStrategy({ ...own, ...options }),
    message: anyBytes,
    telling: [0, 1, 2, 255],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes,
  }
}

const prefixed: StrategyUnderTest[] = [
  lengthPrefixed('length of 1 byte', { lengthBytes: 1 }),
  ...([2, 3, 4, 8] as const).flatMap((lengthBytes) =>
    (['big', 'little'] as const).map((byteOrder) =>
      lengthPrefixed(`length of ${lengthBytes} bytes, ${byteOrder}-endian`, {
        lengthBytes,
        byteOrder,
      }),
    ),
  ),
  {
    name: 'varint',
    create: (options) => new VarintPrefixedStrategy(options),
    message: anyBytes,
    telling: [0, 1, 0x80, 0x81, 0x0f, 0xff],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes,
  },
]
for (const strategy of prefixed) {
  strategySuite(strategy)
  limitSuite(strategy, { messageOf: plain, tellsSize: true })
  viewSuite(strategy, Buffer.from('whole'))
}

const withoutDelimiters = (...delimiters: string[]) =>
  anyBytes.filter((bytes) => {
    const text = bytes.toString('latin1')
    const isClear = delimiters.every((delimiter) => !text.includes(delimiter))
    // Nor may its end be the beginning of one.
    return isClear && !/[\r;-]$/.test(text)
  })

const terminated: StrategyUnderTest[] = [
  {
    name: 'one delimiter of one byte',
    create: (options) => new DelimiterStrategy({ delimiter: '\0', ...options }),
    message: withoutDelimiters('\0'),
    telling: [0],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 1,
    resynchronisesAt: [0],
  },
  {
    name: 'one delimiter of several bytes',
    create: (options) => new DelimiterStrategy({ delimiter: ';-;--', ...options }),
    message: withoutDelimiters(';-;--'),
    telling: [...Buffer.from(';-')],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 5,
    resynchronisesAt: [...Buffer.from(';-;--')],
  },
  {
    name: 'several delimiters',
    create: (options) =>
      new DelimiterStrategy({ delimiter: ['\r\n', '\n', Buffer.from('--;')], ...options }),
    message: withoutDelimiters('\n', '--;'),
    telling: [CR, LF, ...Buffer.from('-;')],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 3,
    resynchronisesAt: [LF],
  },
  {
    name: 'lines',
    create: (options) => new LineStrategy(options),
    message: withoutDelimiters('\n'),
    telling: [CR, LF],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 2,
    resynchronisesAt: [LF],
  },
  {
    name: 'lines of the network',
    create: (options) => new LineStrategy({ lineEnd: '\r\n', ...options }),
    message: anyBytes.filter((bytes) => !bytes.includes(LF)),
    telling: [CR, LF],
    memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 2,
    resynchronisesAt: [LF],
  },
]
for (const strategy of terminated) {
  strategySuite(strategy)
  limitSuite(strategy, { messageOf: plain })
  viewSuite(strategy, Buffer.from('whole'))
}

const kept: StrategyUnderTest = {
  name: 'delimiters that are kept',
  create: (options) =>
    new DelimiterStrategy({ delimiter: ['\r\n', '\n'], stripDelimiter: false, ...options }),
  message: withoutDelimiters('\n').map((bytes) => Buffer.concat([bytes, Buffer.from([LF])])),
  telling: [CR, LF],
  memoryBytesMax: (maxMessageBytes) => maxMessageBytes,
  resynchronisesAt: [LF],
}
strategySuite({ ...kept, message: kept.message.filter(({ length }) => length <= 255) })
limitSuite(kept, { messageOf: (bytes) => Buffer.concat([plain(bytes - 1), Buffer.from([LF])]) })
viewSuite(kept, Buffer.from('whole\n'))

const cobs: StrategyUnderTest = {
  name: 'COBS',
  create: (options) => new CobsStrategy({ onDamaged: 'skip', ...options }),
  message: bytesForCobs,
  telling: [0, 1, 2, 255],
  memoryBytesMax: (maxMessageBytes) => maxMessageBytes + 2,
  resynchronisesAt: [0],
}
strategySuite(cobs)
limitSuite(cobs, {
  messageOf: plain,
  skippedBytesOf: (message) => new CobsStrategy().encode(message)[0]?.subarray(0, -1).length ?? 0,
})

const fixed: StrategyUnderTest = {
  name: 'fixed length',
  create: () => new FixedLengthStrategy({ messageBytes: FIXED_BYTES }),
  message: fc
    .uint8Array({ minLength: FIXED_BYTES, maxLength: FIXED_BYTES })
    .map((bytes) => Buffer.from(bytes)),
  telling: [0],
  memoryBytesMax: () => FIXED_BYTES,
}
strategySuite(fixed)
viewSuite(fixed, Buffer.alloc(FIXED_BYTES, 'w'))

const someRequest = fc
  .record({
    target: fc.constantFrom('/', '/a?b=c', 'http://bells.example/'),
    headers: fc.array(fc.constantFrom('A: 1', 'A:', 'B: \t2 \t', 'C: d, e'), { maxLength: 4 }),
    isChunked: fc.boolean(),
    body: fc.uint8Array({ maxLength: 100, size: 'max' }),
  })
  .map(({ target, headers, isChunked, body }) => {
    const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
    const head = [`POST ${target} HTTP/1.1`, 'Host: bells', ...headers, length, '', '']
    return Buffer.concat([Buffer.from(head.join('\r\n')), body])
  })

/** The request as it is sent: in chunks of seven bytes, where its head says so. */
function frameOfRequest(request: Buffer): Buffer {
  if (!request.includes('chunked')) return request
  const bodyStart = request.indexOf('\r\n\r\n') + 4
  const pieces = [request.subarray(0, bodyStart)]
  for (let start = bodyStart; start < request.length; start += 7) {
    const chunk = request.subarray(start, start + 7)
    pieces.push(Buffer.from(`${chunk.length};note="7"\r\n`), chunk, Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from('00\r\nSum: 1\r\n\r\n'))
  return Buffer.concat(pieces)
}

const http: StrategyUnderTest = {
  name: 'HTTP requests',
  create: ({ maxMessageBytes: maxBodyBytes = 100 } = {}) =>
    new HttpRequestStrategy({ maxRequestLineBytes: 100, maxHeaderBytes: 200, maxBodyBytes }),
  message: someRequest,
  frame: frameOfRequest,
  telling: [...Buffer.from('\r\n:; 0')],
  memoryBytesMax: (maxMessageBytes) => 100 + 2 + 200 + maxMessageBytes,
}
strategySuite(http)
viewSuite(http, Buffer.from('GET / HTTP/1.1\r\nHost: bells\r\n\r\n'))
