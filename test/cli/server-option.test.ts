import test from 'ava'
import { parseServerOption } from '../../src/cli/server-option.ts'

test('a server is a host and a port', (t) => {
  t.deepEqual(parseServerOption('127.0.0.1:80'), { host: '127.0.0.1', port: 80 })
  t.deepEqual(parseServerOption('localhost:65535'), { host: 'localhost', port: 65_535 })
  t.deepEqual(parseServerOption('[::1]:5556'), { host: '::1', port: 5556 })
})

test('without a port it is the usual one', (t) => {
  t.deepEqual(parseServerOption('box.example'), { host: 'box.example', port: 5555 })
  t.deepEqual(parseServerOption('[fe80::1%eth0]'), { host: 'fe80::1%eth0', port: 5555 })
})

test('a number alone is taken for the port that it is, and not for a host', (t) => {
  t.throws(() => parseServerOption('5555'), {
    code: 'ERR_CARILLON_USAGE',
    message: '--server takes HOST:PORT, for example 127.0.0.1:5555, not "5555"',
  })
  t.is(parseServerOption('5555.example').host, '5555.example')
})

for (const text of [
  '',
  ':5555',
  'host:',
  'host:0',
  'host:65536',
  'host:1a',
  '::1',
  '[]:1',
  'a:1:2',
]) {
  test(`what is no server is refused: "${text}"`, (t) => {
    t.throws(() => parseServerOption(text), {
      ...{ code: 'ERR_CARILLON_USAGE', message: /--server takes HOST:PORT, for example/ },
    })
  })
}
