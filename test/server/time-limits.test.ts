import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { mock } from 'node:test'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { errorCode } from '../../src/errors.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { DspServer } from '../../src/server/dsp-server.ts'
import {
  HANDSHAKE_TIMEOUT_MS,
  HIGHEST_HANDSHAKE_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MESSAGE_TIMEOUT_MS,
} from '../../src/server/limits.ts'
import { WebGateway } from '../../src/server/web-gateway.ts'
import { needsUWebSockets } from '../support/needs-uwebsockets.ts'
import { pageFolder } from '../support/page-folder.ts'
import { type RecordedPeer, RecordingPeers } from '../support/recording-peers.ts'
import { WebSocketClient } from '../support/websocket-client.ts'

test.beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'setTimeout'] }))
test.afterEach.always(() => mock.timers.reset())

/** A client of a server of its own, and the server's side of it. */
async function join(t: ExecutionContext): Promise<[RecordingPeers, RecordedPeer, Socket]> {
  const peers = new RecordingPeers()
  const server = new DspServer(peers.connect, pino({ enabled: false }))
  server.init(0)
  const socket = connect(await server.start())
  t.teardown(() => {
    socket.destroy()
    return server.stop()
  })
  return [peers, await peers.at(0), socket]
}

const say = (text: string) => Buffer.concat(new VarintPrefixedStrategy().encode(Buffer.from(text)))
const codes = (peer: RecordedPeer) => peer.errors.map(errorCode)

test.serial('a TCP client says Hello in time', async (t) => {
  const [, peer, socket] = await join(t)
  mock.timers.tick(HANDSHAKE_TIMEOUT_MS)
  t.deepEqual(codes(peer), [])
  mock.timers.tick(HANDSHAKE_TIMEOUT_MS / 4)
  t.deepEqual(codes(peer), ['ERR_CARILLON_HANDSHAKE_TIMEOUT'])
  socket.resume()
  await once(socket, 'end')
})

test.serial('a TCP client that has said it may be silent for an hour', async (t) => {
  const [peers, peer, socket] = await join(t)
  socket.write(say('hello'))
  await peers.until(() => peer.messages.length === 1)
  mock.timers.tick(IDLE_TIMEOUT_MS)
  t.deepEqual(codes(peer), [])
  mock.timers.tick(2000)
  t.deepEqual(codes(peer), ['ERR_CARILLON_IDLE_TIMEOUT'])
})

test.serial('half a message is not kept for ever', async (t) => {
  const [peers, peer, socket] = await join(t)
  socket.write(Buffer.concat([say('hello'), say('half').subarray(0, 3)]))
  await peers.until(() => peer.messages.length === 1)
  mock.timers.tick(MESSAGE_TIMEOUT_MS)
  t.deepEqual(codes(peer), [])
  mock.timers.tick(2000)
  t.deepEqual(codes(peer), ['ERR_CARILLON_MESSAGE_TIMEOUT'])
})

async function joinWeb(t: ExecutionContext) {
  const peers = new RecordingPeers()
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: 0,
    root: pageFolder(t),
    connect: peers.connect,
  })
  const client = await WebSocketClient.connect(await gateway.start())
  t.teardown(() => gateway.stop())
  return { peers, client, peer: await peers.at(0) }
}

const serialGatewayTest = needsUWebSockets(test.serial)

serialGatewayTest('a WebSocket client says Hello in time', async (t) => {
  const { peers, peer } = await joinWeb(t)
  mock.timers.tick(HANDSHAKE_TIMEOUT_MS - 1)
  t.deepEqual(codes(peer), [])
  mock.timers.tick(1)
  t.deepEqual(codes(peer), ['ERR_CARILLON_HANDSHAKE_TIMEOUT'])
  await peers.until(() => peer.closes === 1)
})

serialGatewayTest('a WebSocket client that has said it has no such limit any more', async (t) => {
  const { peers, client, peer } = await joinWeb(t)
  client.send(Buffer.from('hello'))
  await peers.until(() => peer.messages.length === 1)
  mock.timers.tick(2 * HANDSHAKE_TIMEOUT_MS)
  t.deepEqual(codes(peer), [])
})

test('handshakeTimeoutMs of the console is 1 ms to an hour', (t) => {
  const make = (handshakeTimeoutMs: number) =>
    new WebGateway({
      ...{ host: '127.0.0.1', port: 0, connect: new RecordingPeers().connect },
      handshakeTimeoutMs,
    })
  for (const wrong of [0, 0.5, HIGHEST_HANDSHAKE_TIMEOUT_MS + 1]) {
    t.throws(() => make(wrong), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  for (const right of [1, HIGHEST_HANDSHAKE_TIMEOUT_MS]) t.notThrows(() => make(right))
})
