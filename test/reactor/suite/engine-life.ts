import test from 'ava'
import { type CarillonError, errorCode } from '../../../src/errors.ts'
import { freePort } from '../../support/free-port.ts'
import { frames, pattern, RecordingEngine } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, oops, type Stage } from './stage.ts'

/** The engine's own life. */
export function engineLifeSuite({ open, createTransport }: Stage): void {
  test('clients over the limit are refused, and there is room again when one leaves', async (t) => {
    const scene = await open(t, { maxClients: 2 })
    const { engine } = scene
    const first = await scene.connect()
    await scene.connect()
    const third = scene.connectOnly()
    await third.untilReset()
    t.is(engine.clients.size, 2)
    first.socket.end()
    await engine.untilDisconnected()
    await scene.connect()
    t.deepEqual(engine.log, [
      'connected 1',
      'connected 2',
      'disconnected 1 peer-closed',
      'connected 3',
    ])
    t.like(engine.stats(), { clients: 2, acceptedClients: 3, refusedClients: 1 })
  })

  test('a client without a strategy is refused', async (t) => {
    const scene = await open(t, { strategy: oops })
    const { engine } = scene
    await scene.connectOnly().untilReset()
    t.like(engine.stats(), { acceptedClients: 0, refusedClients: 1 })
    t.deepEqual(engine.log, [])
  })

  test('stop flushes and closes, and the engine can be started again', async (t) => {
    const scene = await open(t, {
      port: await freePort(),
      options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES },
    })
    const { engine } = scene
    const { address } = engine
    if (address === undefined) return t.fail()
    const peer = await scene.connect()
    const sent = pattern(MORE_THAN_THE_KERNEL_TAKES)
    engine.client().sendData(sent)
    const stopped = engine.stop()
    t.is(engine.address, undefined)
    t.is(engine.stop(), stopped)
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE' })
    const other = new RecordingEngine({}, { transport: createTransport() })
    other.init(address.port, address.host)
    t.deepEqual(await other.start(), address, 'the port is free while clients are still there')
    await other.stop()
    await peer.untilEnded()
    await peer.untilReceived(sent)
    peer.socket.end()
    await stopped
    t.deepEqual(engine.reasons.get(1), { kind: 'server-stopped' })
    await engine.stop()

    engine.init(address.port, address.host)
    t.deepEqual(await engine.start(), address)
    await scene.connect()
    t.deepEqual([...engine.clients.keys()], [2], 'ids are not used again')
    t.is(engine.stats().acceptedClients, 2)
  })

  test('stop resets what does not close in time', async (t) => {
    const scene = await open(t, { options: { stopTimeoutMs: 50, closeTimeoutMs: 60_000 } })
    const { engine } = scene
    await scene.connect()
    await scene.connect()
    engine.client(2).close()
    await engine.stop()
    t.deepEqual(
      [1, 2].map((id) => [engine.reasons.get(id)?.kind, engine.reasons.get(id)?.error?.code]),
      [
        ['server-stopped', 'ERR_CARILLON_CLOSE_TIMEOUT'],
        ['closed', 'ERR_CARILLON_CLOSE_TIMEOUT'],
      ],
    )
    t.is(engine.clients.size, 0)
  })

  test('stop waits for a start under way', async (t) => {
    const engine = new RecordingEngine({}, { transport: createTransport() })
    engine.init(0)
    const started = engine.start()
    await engine.stop()
    t.true((await started).port > 0)
    t.is(engine.address, undefined)
    await engine.start()
    await engine.stop()
  })

  test('start says why it cannot listen', async (t) => {
    const { engine: first } = await open(t)
    const port = first.address?.port ?? 0
    const engine = new RecordingEngine({}, { transport: createTransport() })
    engine.init(port)
    const error = await t.throwsAsync<CarillonError>(engine.start(), {
      code: 'ERR_CARILLON_LISTEN',
      message: /127\.0\.0\.1 port \d+: .*address already in use/,
    })
    t.is(errorCode(error?.cause), 'EADDRINUSE')
    engine.init(0, '192.0.2.1')
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_LISTEN' })
    engine.init(0)
    t.true((await engine.start()).port > 0)
    await engine.stop()
  })

  test('calls in the wrong order are refused', async (t) => {
    const engine = new RecordingEngine({}, { transport: createTransport() })
    await engine.stop()
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE', message: /init/ })
    engine.init(0)
    const started = engine.start()
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE', message: /starting/ })
    await started
    t.throws(() => engine.init(0), { code: 'ERR_CARILLON_STATE', message: /running/ })
    await engine.stop()
    t.notThrows(() => engine.init(0))
  })

  test('a hundred clients at once each get their own answers', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        client.sendMessage(message)
      },
    })
    const { engine } = scene
    const peers = Array.from({ length: 100 }, () => scene.connectOnly())
    const sent = peers.map((_, index) =>
      frames(...Array.from({ length: 50 }, (_, message) => pattern(index * 13 + message * 29))),
    )
    for (const [index, peer] of peers.entries()) peer.socket.write(sent[index] as Buffer)
    for (const [index, peer] of peers.entries()) await peer.untilReceived(sent[index] as Buffer)
    t.is(engine.stats().messagesIn, 5000)
    t.is(engine.stats().bytesIn, engine.stats().bytesOut)
  })
}
