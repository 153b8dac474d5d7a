import test from 'ava'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import { CarillonClientError } from '../../src/client/errors.ts'
import { FAKE_LIMITS, FakePeer, FakeServer } from '../support/fake-server.ts'
import { refusingPort } from '../support/refusing-port.ts'

const HELLO = 'hello'

test('a client learns the limits, the cores and the session', async (t) => {
  const server = await FakeServer.start(t)
  const client = await CarillonClient.connect({ port: server.port, name: 'a test' })
  t.is(client.welcome.server, 'fake')
  t.is(client.welcome.session, 7)
  t.is(client.welcome.limits.maxBlockSamples, FAKE_LIMITS.maxBlockSamples)
  t.is(client.welcome.cores[0]?.state, 'running')
  t.like(server.peers[0]?.received[0], { hello: { protocolVersion: 1, clientName: 'a test' } })
  await client.close()
  await server.peers[0]?.closed
})

test('nobody listening is an error that says where and why', async (t) => {
  const port = await refusingPort(t)
  const error = await t.throwsAsync(() => CarillonClient.connect({ port }), {
    code: 'ERR_CARILLON_CONNECT',
    message: `cannot connect to 127.0.0.1:${port}: connection refused`,
  })
  t.true(error instanceof CarillonClientError)
})

test('a name that no host has is an error', async (t) => {
  const host = 'no-such-host.invalid'
  await t.throwsAsync(() => CarillonClient.connect({ host, port: 1 }), {
    ...{ code: 'ERR_CARILLON_CONNECT', message: /cannot connect to no-such-host\.invalid:1: / },
  })
})

test('the refusal of the server arrives word for word', async (t) => {
  const error = { code: 'ERR_CARILLON_PROTOCOL_VERSION', message: 'Só “versão 2”.', fatal: true }
  const server = await FakeServer.start(t, {
    onMessage: ({ request }, peer) => {
      peer.send({ request: request ?? 0, error })
      peer.socket.end()
      return true
    },
  })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
    ...{ code: error.code, message: error.message, name: 'RemoteError' },
  })
  await server.peers[0]?.closed
})

test('a fatal error that answers nothing is the refusal as well', async (t) => {
  const error = { code: 'ERR_CARILLON_FULL', message: 'There is no room.', fatal: true }
  const server = await FakeServer.start(t, { onConnect: (peer) => peer.send({ error }) })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), { code: error.code })
})

test('a server that says nothing is given up after the time', async (t) => {
  const server = await FakeServer.start(t, { onMessage: ({ body }) => body === HELLO })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port, timeoutMs: 300 }), {
    code: 'ERR_CARILLON_TIMEOUT',
    message: `127.0.0.1:${server.port} did not answer within 300 ms`,
  })
  await server.peers[0]?.closed
})

test('a server that hangs up instead of welcoming is an error', async (t) => {
  const server = await FakeServer.start(t, { onConnect: (peer) => peer.socket.end() })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
    code: 'ERR_CARILLON_DISCONNECTED',
    message: `the connection to 127.0.0.1:${server.port} was closed by the server`,
  })
})

test('a server that resets instead of welcoming may be full', async (t) => {
  const server = await FakeServer.start(t, { onConnect: (peer) => peer.socket.resetAndDestroy() })
  const error = await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
    code: 'ERR_CARILLON_CONNECT',
    message: `cannot connect to 127.0.0.1:${server.port}: connection reset by peer (the server may have as many clients as it takes)`,
  })
  t.true(error instanceof CarillonClientError)
})

test('a connection cut inside a message says so', async (t) => {
  const welcome = FakePeer.frame({ request: 1, welcome: { server: 'x'.repeat(50) } })
  const server = await FakeServer.start(t, {
    onConnect: (peer) => peer.socket.end(welcome.subarray(0, 20)),
  })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
    ...{
      code: 'ERR_CARILLON_DISCONNECTED',
      message: /closed by the server in the middle of a mess/,
    },
  })
})

for (const [what, bytes] of [
  ['a message of another protocol', '220 mail.example.org ESMTP\r\n'.padEnd(200)],
  ['a length that is none', '\xff'.repeat(20)],
  ['a length beyond the limit', '\xff\xff\xff\x7f'],
  ['a message that cannot be decoded', '\x02\x12\x7f'],
] as const) {
  test(`what is not understood ends the connection: ${what}`, async (t) => {
    const server = await FakeServer.start(t, {
      onConnect: (peer) => peer.socket.write(bytes, 'latin1'),
      onMessage: () => true,
    })
    await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
      ...{ code: 'ERR_CARILLON_PROTOCOL', message: /^127\.0\.0\.1:\d+ sent what is not a message/ },
    })
    await server.peers[0]?.closed
  })
}

test('a web server is called one, however its answer is cut', async (t) => {
  for (const pieces of [
    ['HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['H', 'TTP', '/1.1 400'],
  ]) {
    const server = await FakeServer.start(t, {
      onConnect: async ({ socket }) => {
        socket.setNoDelay(true)
        for (const piece of pieces) {
          await new Promise((resolve) => socket.write(piece, resolve))
        }
      },
      onMessage: () => true,
    })
    await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
      code: 'ERR_CARILLON_PROTOCOL',
      message: `127.0.0.1:${server.port} is a web server (it answers in HTTP); if it is Carillon's console, clients have a port of their own, 5555 unless the server says another`,
    })
  }
})

for (const [what, welcome] of [
  ['another version', { protocolVersion: 2, limits: FAKE_LIMITS }],
  ['no limits', { protocolVersion: 1 }],
  ['limits of nothing', { protocolVersion: 1, limits: { ...FAKE_LIMITS, maxBlockSamples: 0 } }],
] as const) {
  test(`a welcome that cannot be used is refused: ${what}`, async (t) => {
    const server = await FakeServer.start(t, {
      onMessage: ({ request }, peer) => {
        peer.send({ request: request ?? 0, welcome })
        return true
      },
    })
    await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
      code: 'ERR_CARILLON_PROTOCOL',
    })
    await server.peers[0]?.closed
  })
}

test('another answer than the welcome ends the connection', async (t) => {
  const server = await FakeServer.start(t, {
    onMessage: ({ request }, peer) => {
      peer.send({ request: request ?? 0, subscribed: {} })
      return true
    },
  })
  await t.throwsAsync(() => CarillonClient.connect({ port: server.port }), {
    ...{ code: 'ERR_CARILLON_PROTOCOL', message: /answered welcome with subscribed/ },
  })
})

test('connecting can be given up at any point', async (t) => {
  const reason = new Error('never mind')
  const before = AbortSignal.abort(reason)
  await t.throwsAsync(() => CarillonClient.connect({ port: 1, signal: before }), { is: reason })

  const server = await FakeServer.start(t, { onMessage: () => true })
  const during = new AbortController()
  const connecting = CarillonClient.connect({ port: server.port, signal: during.signal })
  during.abort(reason)
  await t.throwsAsync(connecting, { is: reason })

  const hello = new AbortController()
  const silent = await FakeServer.start(t, {
    onMessage: () => {
      hello.abort(reason)
      return true
    },
  })
  const greeting = CarillonClient.connect({ port: silent.port, signal: hello.signal })
  await t.throwsAsync(greeting, { is: reason })
  await silent.peers[0]?.closed
})

test('what cannot be an address or a limit is the caller’s mistake', async (t) => {
  for (const wrong of [
    ...[{ port: -1 }, { port: 65_536 }, { timeoutMs: 0 }, { timeoutMs: Number.POSITIVE_INFINITY }],
    ...[{ requestTimeoutMs: 1.5 }, { name: 'x'.repeat(65) }],
  ]) {
    await t.throwsAsync(() => CarillonClient.connect(wrong), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})
