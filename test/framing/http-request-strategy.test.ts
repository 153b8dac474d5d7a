import test from 'ava'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { type HttpRequest, parseHttpRequest } from '../../src/framing/http-request.ts'
import { HTTP_REQUEST_ERRORS, HttpRequestError } from '../../src/framing/http-request-error.ts'
import {
  type HttpRequestOptions,
  HttpRequestStrategy,
} from '../../src/framing/http-request-strategy.ts'
import { cutAt, readMessages } from './read-messages.ts'

const HOST = 'Host: bells\r\n'

const get = (headers: string) => `GET / HTTP/1.1\r\n${HOST}${headers}\r\n`
const post = (headers: string, body = '') => `POST / HTTP/1.1\r\n${HOST}${headers}\r\n${body}`
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body)

/** Reads a stream of latin1 text, in one piece and byte by byte: both have to say the same. */
function read(
  text: string,
  options: HttpRequestOptions = {},
): { requests: HttpRequest[]; error: HttpRequestError | undefined } {
  const stream = Buffer.from(text, 'latin1')
  const [whole, inPieces] = [[], [...stream.keys()]].map((cuts) => {
    const requests: HttpRequest[] = []
    const strategy = new HttpRequestStrategy(options)
    const { error } = readMessages(strategy, cutAt(stream, cuts), {
      onInfo: ({ buffer, complete }) => {
        if (complete) requests.push(parseHttpRequest(buffer))
      },
    })
    if (error !== undefined && !(error instanceof HttpRequestError)) throw error
    return { requests, error }
  })
  if (whole === undefined || inPieces === undefined) throw new Error('not read')
  const inWords = (reading: typeof whole) =>
    JSON.stringify([reading.error?.code, reading.requests.map(partsOf)])
  if (inWords(whole) !== inWords(inPieces)) {
    throw new Error(`${inWords(whole)} in one piece, ${inWords(inPieces)} byte by byte`)
  }
  return whole
}

const partsOf = ({ method, target, version, headers, body, ...rest }: HttpRequest) => ({
  method,
  target,
  version,
  headers: Object.fromEntries(headers),
  body: body?.toString('latin1'),
  ...rest,
})

type Code = keyof typeof HTTP_REQUEST_ERRORS

/** What is read in two ways by two servers, and what is over a limit: name, stream, error. */
const refused: [string, string, Code][] = [
  // Request lines.
  ['no request line', 'hello\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a version of HTTP/0.9', 'GET /\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['two spaces', 'GET  / HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a tab', 'GET\t/ HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a space behind the version', 'GET / HTTP/1.1 \r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a space in front', ' GET / HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a NUL in the target', 'GET /\0 HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['bytes over ASCII in the target', 'GET /\xe4 HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a bare CR in the request line', 'GET /\rX HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a method that is no token', 'G@T / HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['HTTP in lower case', 'GET / http/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a fragment', 'GET /a#b HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a relative target', 'GET a HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['a star for GET', 'GET * HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['CONNECT to a path', 'CONNECT / HTTP/1.1\r\n', 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['two empty lines in front', `\r\n\r\n${get('')}`, 'ERR_CARILLON_HTTP_REQUEST_LINE'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'ERR_CARILLON_HTTP_VERSION'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\n', 'ERR_CARILLON_HTTP_VERSION'],
  ['LF alone behind the request line', 'GET / HTTP/1.1\n', 'ERR_CARILLON_HTTP_LINE_END'],
  ['LF alone in front', `\n${get('')}`, 'ERR_CARILLON_HTTP_LINE_END'],
  // Header lines.
  ['LF alone behind a header', get('A: b\n'), 'ERR_CARILLON_HTTP_LINE_END'],
  ['LF alone as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'ERR_CARILLON_HTTP_LINE_END'],
  ['a bare CR in a value', get('A: b\rTransfer-Encoding: chunked\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['two CR', get('A: b\r\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a NUL in a value', get('A: b\0\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a DEL in a value', get('A: b\x7f\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a vertical tab around a value', get('A: \x0bb\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a line that goes on', get('A: b\r\n c\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a line that goes on with a tab', get('A: b\r\n\tc: d\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a first line that goes on', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'ERR_CARILLON_HTTP_HEADER'],
  ['a space before the colon', get('Content-Length : 3\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a tab before the colon', get('Content-Length\t: 3\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a name with a NUL', get('Content-Length\0: 3\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a name over ASCII', get('Content\xadLength: 3\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a name in brackets', get('(A): b\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['no name', get(': b\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['no colon', get('A\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 'ERR_CARILLON_HTTP_HEADER'],
  ['two Hosts', get('Host: other\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'ERR_CARILLON_HTTP_HEADER'],
  ['a Host of a list', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'ERR_CARILLON_HTTP_HEADER'],
  // Lengths.
  ...[
    ['a sign', '+3'],
    ['a minus', '-3'],
    ['a hexadecimal length', '0x3'],
    ['digits of hexadecimal', 'a'],
    ['an empty length', ''],
    ['a fraction', '3.0'],
    ['an exponent', '1e1'],
    ['a list of equal lengths', '3, 3'],
    ['a list of lengths', '3, 4'],
    ['a space in a length', '1 2'],
    ['digits of another script', '\xb2'],
    ['an underscore', '1_0'],
  ].map(([name, length]): [string, string, Code] => [
    name as string,
    post(`Content-Length: ${length}\r\n`, 'abc'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ]),
  [
    'two lengths',
    post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  [
    'the same length twice',
    post('Content-Length: 3\r\nCONTENT-LENGTH: 3\r\n', 'abc'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  [
    'a length and a transfer coding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  [
    'a transfer coding and a length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  [
    'chunked twice',
    post('Transfer-Encoding: chunked, chunked\r\n'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  [
    'chunked twice, in two lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  ['no transfer coding', post('Transfer-Encoding:\r\n'), 'ERR_CARILLON_HTTP_BODY_LENGTH'],
  ['a comma alone', post('Transfer-Encoding: chunked,\r\n'), 'ERR_CARILLON_HTTP_BODY_LENGTH'],
  [
    'a transfer coding of HTTP/1.0',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    'ERR_CARILLON_HTTP_BODY_LENGTH',
  ],
  ...['gzip, chunked', 'chunked, gzip', 'xchunked', 'identity', 'chunked;q=1', '"chunked"'].map(
    (coding): [string, string, Code] => [
      `the transfer coding ${coding}`,
      post(`Transfer-Encoding: ${coding}\r\n`),
      'ERR_CARILLON_HTTP_TRANSFER_CODING',
    ],
  ),
  [
    'another transfer coding in another line',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n'),
    'ERR_CARILLON_HTTP_TRANSFER_CODING',
  ],
  [
    'a transfer coding behind a vertical tab',
    post('Transfer-Encoding: \x0bchunked\r\n'),
    'ERR_CARILLON_HTTP_HEADER',
  ],
  // Chunks.
  ...[
    ['no size', '\r\n'],
    ['a sign', '+1\r\na\r\n'],
    ['a minus', '-1\r\na\r\n'],
    ['0x', '0x1\r\na\r\n'],
    ['a space in front', ' 1\r\na\r\n'],
    ['a space behind', '1 \r\na\r\n'],
    ['a letter', 'g\r\n'],
    ['an extension alone', ';a\r\n'],
    ['LF alone behind the size', '1\na\r\n'],
    ['LF alone behind an extension', '1;a\nb\r\n'],
    ['a CR in an extension', '1;a\rb\r\n'],
    ['a NUL in an extension', '1;\0\r\n'],
    ['LF alone behind the data', '1\r\na\n'],
    ['more data than the size', '1\r\nab\r\n'],
    ['less data than the size', '2\r\na\r\n0\r\n\r\n'],
    ['a size of 14 digits', '00000000000001\r\na\r\n'],
    ['a size of 64 bits and one', '10000000000000001\r\na\r\n'],
  ].map(([name, body]): [string, string, Code] => [
    `a chunk with ${name}`,
    chunked(body as string),
    'ERR_CARILLON_HTTP_CHUNK',
  ]),
  ['a chunk over the limit', chunked('100001\r\n'), 'ERR_CARILLON_HTTP_BODY_TOO_LARGE'],
  ['a huge chunk', chunked('fffffffffffff\r\n'), 'ERR_CARILLON_HTTP_BODY_TOO_LARGE'],
  ['chunks over the limit', chunked('1\r\na\r\n100000\r\n'), 'ERR_CARILLON_HTTP_BODY_TOO_LARGE'],
  [
    'long extensions',
    chunked(`1;${'e'.repeat(4097)}\r\na\r\n`),
    'ERR_CARILLON_HTTP_BODY_TOO_LARGE',
  ],
  [
    'many extensions',
    chunked(`1;${'e'.repeat(15)}\r\na\r\n`.repeat(274)),
    'ERR_CARILLON_HTTP_BODY_TOO_LARGE',
  ],
  ['a trailer that goes on', chunked('0\r\nA: b\r\n c\r\n\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['a trailer without a colon', chunked('0\r\nGET / HTTP/1.1\r\n\r\n'), 'ERR_CARILLON_HTTP_HEADER'],
  ['LF alone behind a trailer', chunked('0\r\nA: b\n\r\n'), 'ERR_CARILLON_HTTP_LINE_END'],
  ['LF alone as the end', chunked('0\r\n\n'), 'ERR_CARILLON_HTTP_LINE_END'],
  // Limits.
  [
    'a body over the limit',
    post('Content-Length: 1048577\r\n'),
    'ERR_CARILLON_HTTP_BODY_TOO_LARGE',
  ],
  [
    'a length of many digits',
    post(`Content-Length: ${'9'.repeat(400)}\r\n`),
    'ERR_CARILLON_HTTP_BODY_TOO_LARGE',
  ],
  // Expectations.
  [
    'an expectation',
    post('Expect: 100-continue\r\nContent-Length: 3\r\n'),
    'ERR_CARILLON_HTTP_EXPECTATION',
  ],
  ['another expectation', get('Expect: bells\r\n'), 'ERR_CARILLON_HTTP_EXPECTATION'],
]

for (const [name, stream, code] of refused) {
  test(`refused: ${name}`, (t) => {
    // Behind a good request, which is read; in front of another, which is not.
    const { requests, error } = read(`${get('')}${stream}${get('')}`)
    t.is(error?.code, code)
    t.is(error?.status, HTTP_REQUEST_ERRORS[code])
    t.is(requests.length, 1)
  })
}

const accepted: [string, string, Partial<ReturnType<typeof partsOf>>][] = [
  ['a GET', get(''), { method: 'GET', target: '/', version: '1.1', headers: { host: 'bells' } }],
  ['an empty line in front', `\r\n${get('')}`, { method: 'GET' }],
  ['HTTP/1.0 without a Host', 'GET / HTTP/1.0\r\n\r\n', { version: '1.0', headers: {} }],
  ['a URL as target', `GET http://a/b?c HTTP/1.1\r\n${HOST}\r\n`, { target: 'http://a/b?c' }],
  ['OPTIONS of the server', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, { target: '*' }],
  ['CONNECT', `CONNECT [::1]:443 HTTP/1.1\r\n${HOST}\r\n`, { target: '[::1]:443' }],
  ['a method of its own', `RING-2 / HTTP/1.1\r\n${HOST}\r\n`, { method: 'RING-2' }],
  [
    'spaces and tabs around a value, and none in it',
    get('A: \t b  c \t\r\nB:\r\nC:d\r\n'),
    { headers: { host: 'bells', a: 'b  c', b: '', c: 'd' } },
  ],
  [
    'headers that come again',
    get('A: 1\r\na: 2\r\nCookie: x=1\r\nCookie: y=2\r\n'),
    { headers: { host: 'bells', a: '1, 2', cookie: 'x=1; y=2' } },
  ],
  [
    'bytes over ASCII in a value',
    get('A: \xe4\xa0\r\n'),
    { headers: { host: 'bells', a: '\xe4\xa0' } },
  ],
  ['a name of an object', get('__proto__: a\r\n'), { method: 'GET' }],
  ['a body', post('Content-Length: 3\r\n', 'a\r\n'), { body: 'a\r\n' }],
  ['an empty body', post('Content-Length: 0\r\n'), { body: '' }],
  ['a length with zeros', post('Content-Length: 003\r\n', 'abc'), { body: 'abc' }],
  ['chunks', chunked('3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n'), { body: 'abc0123456789' }],
  ['chunks with CR and LF in them', chunked('4\r\n\r\n\r\n\r\n0\r\n\r\n'), { body: '\r\n\r\n' }],
  ['no chunks', chunked('0\r\n\r\n'), { body: '' }],
  ['a size of 13 digits', chunked('0000000000001\r\na\r\n0\r\n\r\n'), { body: 'a' }],
  ['extensions', chunked('1;a=b;c="d e"\r\nx\r\n0;z\r\n\r\n'), { body: 'x' }],
  ['extensions at their limit', chunked(`1;${'e'.repeat(4096)}\r\nx\r\n0\r\n\r\n`), { body: 'x' }],
  [
    'trailers, which are thrown away',
    chunked('1\r\nx\r\n0\r\nSum: 1\r\nContent-Length: 9\r\n\r\n'),
    { body: 'x', headers: { host: 'bells', 'transfer-encoding': 'chunked' } },
  ],
  [
    'Chunked in capitals',
    post('TRANSFER-ENCODING: Chunked \r\n', '1\r\nx\r\n0\r\n\r\n'),
    { body: 'x' },
  ],
  ['an expectation without a body', get('Expect: 100-continue\r\n'), { awaitsContinue: false }],
  [
    'an expectation of HTTP/1.0',
    'POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx',
    { body: 'x' },
  ],
  ['a connection that stays', get(''), { keepsAlive: true }],
  ['a connection that is closed', get('Connection: upgrade, Close\r\n'), { keepsAlive: false }],
  ['one of HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', { keepsAlive: false }],
  [
    'one of HTTP/1.0 that stays',
    'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
    { keepsAlive: true },
  ],
]

for (const [name, stream, expected] of accepted) {
  test(`read: ${name}`, (t) => {
    const { requests, error } = read(stream.repeat(3))
    t.is(error, undefined)
    t.is(requests.length, 3)
    for (const request of requests) t.like(partsOf(request), expected)
  })
}

test('each limit is the most that is taken', (t) => {
  const limits: [HttpRequestOptions, (size: number) => string, number, number][] = [
    [
      { maxRequestLineBytes: 30 },
      (bytes) => `GET /${'a'.repeat(bytes - 14)} HTTP/1.1\r\n${HOST}\r\n`,
      30,
      414,
    ],
    [{ maxHeaderBytes: 50 }, (bytes) => get(`A: ${'a'.repeat(bytes - 20)}\r\n`), 50, 431],
    [{ maxHeaders: 5 }, (count) => get('A: b\r\n'.repeat(count - 1)), 5, 431],
    [
      { maxBodyBytes: 10 },
      (bytes) => post(`Content-Length: ${bytes}\r\n`, 'a'.repeat(bytes)),
      10,
      413,
    ],
    [
      { maxBodyBytes: 10 },
      (bytes) =>
        chunked(`1\r\na\r\n${(bytes - 1).toString(16)}\r\n${'a'.repeat(bytes - 1)}\r\n0\r\n\r\n`),
      10,
      413,
    ],
    [
      { maxHeaderBytes: 60 },
      (bytes) => chunked(`0\r\nA: ${'a'.repeat(bytes - 7)}\r\n\r\n`),
      60,
      431,
    ],
    [{ maxHeaders: 5 }, (count) => chunked(`0\r\n${'A: b\r\n'.repeat(count)}\r\n`), 5, 431],
  ]
  for (const [options, streamOf, limit, status] of limits) {
    const atLimit = read(streamOf(limit), options)
    t.deepEqual([atLimit.requests.length, atLimit.error], [1, undefined], JSON.stringify(options))
    const overLimit = read(streamOf(limit + 1), options)
    t.deepEqual([overLimit.requests.length, overLimit.error?.status], [0, status])
  }
})

test('a line without end is refused at its limit', (t) => {
  const options = { maxRequestLineBytes: 20, maxHeaderBytes: 30 }
  t.is(read('G'.repeat(21), options).error, undefined)
  t.is(read('G'.repeat(22), options).error?.status, 414)
  const line = 'GET / HTTP/1.1\r\n'
  t.is(read(line + 'A'.repeat(30), options).error, undefined)
  t.is(read(line + 'A'.repeat(31), options).error?.status, 431)
  const trailers = 'POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'
  t.is(read(trailers + 'A'.repeat(40), { maxHeaderBytes: 40 }).error, undefined)
  t.is(read(trailers + 'A'.repeat(41), { maxHeaderBytes: 40 }).error?.status, 431)
})

test('the message is the request with its body decoded, and a copy of it is read again', (t) => {
  const message = Buffer.from(chunked('1\r\na\r\n2;x\r\nbc\r\n0\r\nSum: 1\r\n\r\n'))
  const info = new FullMessageInfo()
  t.is(new HttpRequestStrategy().processData(message, info), message.length)
  t.is(info.buffer.toString(), chunked('abc'))
  const request = parseHttpRequest(info.buffer)
  t.is(parseHttpRequest(info.buffer), request)
  const again = parseHttpRequest(Buffer.from(info.buffer))
  t.not(again, request)
  t.deepEqual(partsOf(again), partsOf(request))
  t.is(again.body.toString(), 'abc')
  for (const text of ['', 'bells', 'GET / HTTP/1.1\r\n', `GET / HTTP/1.1\r\n${HOST}`]) {
    t.throws(() => parseHttpRequest(Buffer.from(text)), { instanceOf: HttpRequestError })
  }
})

test('a client that asks first has its head handed over, and then the whole request', (t) => {
  const options = { expectContinue: 'ask' } as const
  for (const [headers, body] of [
    ['Content-Length: 3\r\n', 'abc'],
    ['Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'],
  ] as const) {
    const stream = post(`Expect: 100-Continue\r\n${headers}`, body)
    const { requests, error } = read(`${stream}${get('')}${stream}`, options)
    t.is(error, undefined)
    t.deepEqual(
      requests.map(({ method, awaitsContinue, body }) => [method, awaitsContinue, String(body)]),
      [
        ['POST', true, ''],
        ['POST', false, 'abc'],
        ['GET', false, ''],
        ['POST', true, ''],
        ['POST', false, 'abc'],
      ],
    )
    t.is(requests[1]?.headers.get('expect'), '100-Continue')
  }
  t.is(read(get('Expect: bells\r\n'), options).error?.status, 417)
})

test('options out of range are refused', (t) => {
  const highest = 2 ** 20
  const wrong: HttpRequestOptions[] = [
    { maxRequestLineBytes: 15 },
    { maxRequestLineBytes: highest + 1 },
    { maxHeaderBytes: 1 },
    { maxHeaderBytes: highest + 1 },
    { maxHeaders: 0 },
    { maxHeaders: 10_001 },
    { maxBodyBytes: -1 },
    { maxBodyBytes: 2 ** 30 - 2 ** 21 },
    { expectContinue: 'always' as 'ask' },
  ]
  for (const options of wrong) {
    t.throws(() => new HttpRequestStrategy(options), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  const right: HttpRequestOptions[] = [
    { maxRequestLineBytes: 16 },
    { maxRequestLineBytes: highest, maxHeaderBytes: highest },
    { maxHeaderBytes: 2 },
    { maxHeaders: 1 },
    { maxHeaders: 10_000 },
    { maxBodyBytes: 0 },
    { maxBodyBytes: 2 ** 30 - 2 ** 21 - 1 },
  ]
  for (const options of right) t.notThrows(() => new HttpRequestStrategy(options))
})
