import test from 'ava'
import { encodeHttpResponse, type HttpResponse } from '../../src/framing/encode-http-response.ts'

const encoded = (response: HttpResponse) =>
  Buffer.concat(encodeHttpResponse(response)).toString('latin1')

test('a response has its status, headers, length and body', (t) => {
  t.is(
    encoded({ status: 200, headers: { 'Content-Type': 'text/plain', ETag: '"1"' }, body: 'bells' }),
    'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: "1"\r\nContent-Length: 5\r\n\r\nbells',
  )
  t.is(encoded({ status: 404 }), 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  t.is(
    encoded({
      status: 599,
      reason: 'Out of tune',
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      closes: true,
    }),
    'HTTP/1.1 599 Out of tune\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
})

test('a body is measured in bytes, and not copied', (t) => {
  t.true(encoded({ status: 200, body: 'Glöckchen' }).includes('Content-Length: 10\r\n'))
  const body = Buffer.alloc(100)
  t.is(encodeHttpResponse({ status: 200, body })[1], body)
  const toHead = encodeHttpResponse({ status: 200, body, isToHead: true })
  t.deepEqual(toHead.map(String), ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'])
})

test('statuses without a body have no length', (t) => {
  for (const status of [100, 103, 204, 304]) {
    t.false(encoded({ status }).includes('Content-Length'))
    t.throws(() => encodeHttpResponse({ status, body: 'b' }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('what would not be read as what it is is refused', (t) => {
  const wrong: HttpResponse[] = [
    { status: 99 },
    { status: 600 },
    { status: 200.5 },
    { status: 200, reason: 'OK\r\nA: b' },
    { status: 200, headers: { A: 'b\r\nC: d' } },
    { status: 200, headers: { A: 'b\n' } },
    { status: 200, headers: { A: 'b\0' } },
    { status: 200, headers: { A: 'ř' } },
    { status: 200, headers: { 'A:': 'b' } },
    { status: 200, headers: { 'A ': 'b' } },
    { status: 200, headers: { 'A: b\r\nC': 'd' } },
    { status: 200, headers: { '': 'b' } },
    { status: 200, headers: { 'content-length': '1' } },
    { status: 200, headers: { 'Transfer-Encoding': 'chunked' } },
  ]
  for (const response of wrong) {
    t.throws(() => encodeHttpResponse(response), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})
