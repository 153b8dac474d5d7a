import { networkInterfaces } from 'node:os'
import test from 'ava'
import { pino } from 'pino'
import type {
  Acceptor,
  Connection,
  ConnectionOptions,
  ListenAddress,
  Transport,
} from '../../src/reactor/transport.ts'
import { RawPeer } from './raw-peer.ts'
import { frames, RecordingEngine } from './recording-engine.ts'

/** Listens to nothing; a test plays the network. */
class StageTransport implements Transport {
  acceptor: Acceptor | undefined
  options: ConnectionOptions | undefined

  async listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    this.acceptor = acceptor
    this.options = options
    return { ...address, port: 1 }
  }

  async close(): Promise<void> {}
}

function stageConnection(): Connection {
  return {
    remoteAddress: 'stage:1',
    queuedBytes: 0,
    deferredBytes: 0,
    flush() {},
    write: () => true,
    writeSlice: () => true,
    writeHeld: () => true,
    pauseReading() {},
    resumeReading() {},
    end() {},
    reset() {},
  }
}

test('the engine tells the transport about noDelay, true unless it is told otherwise', async (t) => {
  for (const noDelay of [undefined, true, false]) {
    const transport = new StageTransport()
    const engine = new RecordingEngine({}, { transport, ...(noDelay !== undefined && { noDelay }) })
    engine.init(0)
    t.deepEqual(await engine.start(), { host: '127.0.0.1', port: 1 })
    t.deepEqual(transport.options, { noDelay: noDelay ?? true })
  }
})

test('what cannot be accepted is counted, and the engine goes on', async (t) => {
  const transport = new StageTransport()
  const engine = new RecordingEngine({}, { transport })
  engine.init(0)
  await engine.start()
  transport.acceptor?.onAcceptError(new Error('too many open files'))
  const handler = transport.acceptor?.onConnection(stageConnection())
  t.like(engine.stats(), { acceptErrors: 1, acceptedClients: 1, clients: 1 })
  handler?.onClose()
  t.deepEqual(engine.log, ['connected 1', 'disconnected 1 peer-closed'])
})

test('a connection that comes while the engine stops is refused', async (t) => {
  const transport = new StageTransport()
  const engine = new RecordingEngine({}, { transport })
  engine.init(0)
  await engine.start()
  const handler = transport.acceptor?.onConnection(stageConnection())
  const stopped = engine.stop()
  t.is(transport.acceptor?.onConnection(stageConnection()), null)
  handler?.onClose()
  await stopped
  t.like(engine.stats(), { refusedClients: 1, disconnects: { 'server-stopped': 1 } })
})

test('the log says what went wrong with whom', async (t) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line) => lines.push(JSON.parse(line)) })
  const engine = new RecordingEngine(
    {
      message: () => {
        throw new Error('oops')
      },
    },
    { logger },
  )
  engine.init(0)
  const address = await engine.start()
  const peer = new RawPeer(address)
  peer.socket.end(frames('x'))
  await engine.untilDisconnected()
  await engine.stop()
  t.deepEqual(
    lines.map(({ level, msg, client, reason }) => ({ level, msg, client, reason })),
    [
      { level: 20, msg: 'listening', client: undefined, reason: undefined },
      { level: 20, msg: 'client connected', client: 1, reason: undefined },
      { level: 50, msg: 'a hook threw', client: 1, reason: undefined },
      { level: 40, msg: 'client disconnected', client: 1, reason: 'hook-error' },
      { level: 20, msg: 'stopped', client: undefined, reason: undefined },
    ],
  )
})

test('a flood of refused clients is counted in full, and fills no log', async (t) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) })
  const transport = new StageTransport()
  const engine = new RecordingEngine({}, { transport, logger })
  engine.init(0, '127.0.0.1', 1)
  await engine.start()
  const handler = transport.acceptor?.onConnection(stageConnection())
  for (let count = 0; count < 1000; count++) transport.acceptor?.onConnection(stageConnection())
  t.is(lines.length, 1)
  handler?.onClose()
  await engine.stop()
  t.deepEqual(
    lines.map(({ msg, leftOut }) => [msg, leftOut]),
    [
      ['refused a client', undefined],
      ['refused a client', 998],
    ],
  )
  t.is(engine.stats().refusedClients, 1000)
})

test('a connection that comes after the stop is refused', async (t) => {
  const transport = new StageTransport()
  const engine = new RecordingEngine({}, { transport })
  engine.init(0)
  await engine.start()
  await engine.stop()
  t.is(transport.acceptor?.onConnection(stageConnection()), null)
})

test('an IPv6 address stands in brackets', async (t) => {
  const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  )
  if (!hasIPv6) {
    t.pass('this machine has no IPv6')
    return
  }
  const engine = new RecordingEngine({}, {})
  engine.init(0, '::1')
  const address = await engine.start()
  t.is(address.host, '::1')
  const peer = new RawPeer(address)
  await engine.untilLogged('connected 1')
  t.is(engine.client().remoteAddress, `[::1]:${peer.socket.localPort}`)
  peer.socket.destroy()
  await engine.stop()
})
