import test from 'ava'
import { isLoopbackAddress, isLoopbackHost, isSameOrigin } from '../../src/server/request-origin.ts'

test('a Host header of this machine is told from any other name', (t) => {
  const own = [
    'localhost',
    'localhost:8080',
    'LOCALHOST',
    '127.0.0.1:80',
    '127.0.0.2',
    '[::1]:8080',
  ]
  for (const host of own) t.true(isLoopbackHost(host), host)
  const others = [
    '',
    'carillon.example:8080',
    'localhost.example',
    '127.0.0.1.example',
    '192.168.1.2',
    '0.0.0.0',
    '[2001:db8::1]',
    ':8080',
    '[::1',
  ]
  for (const host of others) t.false(isLoopbackHost(host), host)
})

test('loopback addresses are told from others', (t) => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
    t.true(isLoopbackAddress(address), address)
  }
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'fe80::1', '127.evil', '']) {
    t.false(isLoopbackAddress(address), address)
  }
})

test('an origin is the same where its host and port are those that were asked', (t) => {
  t.true(isSameOrigin('http://localhost:8080', 'localhost:8080'))
  t.true(isSameOrigin('http://[::1]:8080', '[::1]:8080'))
  t.true(isSameOrigin('http://board.example', 'Board.Example:80'))
  // Behind a proxy that speaks TLS for us.
  t.true(isSameOrigin('https://board.example', 'board.example'))
})

test('any other origin is foreign', (t) => {
  for (const [origin, host] of [
    ['http://localhost:8081', 'localhost:8080'],
    ['http://127.0.0.1:8080', 'localhost:8080'],
    ['http://evil.example', 'localhost:8080'],
    ['http://localhost:8080.evil.example', 'localhost:8080'],
    ['null', 'localhost:8080'],
    ['file://', ''],
    ['', 'localhost:8080'],
    ['http://localhost:8080', ''],
  ] as const) {
    t.false(isSameOrigin(origin, host), `${origin} at ${host}`)
  }
})
