import test from 'ava'
import type { TcpClient } from '../../../src/reactor/tcp-client.ts'
import type { RawPeer } from '../raw-peer.ts'
import { frames, type RecordingEngine, type Setting } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, nextTurn, oops, type Stage } from './stage.ts'

/** Hooks that throw. */
export function throwingHooksSuite({ open }: Stage): void {
  const throwing: [string, Setting, (peer: RawPeer, engine: RecordingEngine) => void][] = [
    ['onClientConnected', { connected: oops }, () => {}],
    ['onClientMessage', { message: oops }, (peer) => peer.socket.write(frames('x', 'y'))],
    [
      'onClientMessage',
      { message: async () => Promise.reject(new RangeError('oops')) },
      (peer) => peer.socket.write(frames('x')),
    ],
    [
      'onClientDrain',
      { drained: oops, options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES } },
      (_peer, engine) => {
        engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
      },
    ],
  ]
  for (const [index, [hook, setting, provoke]] of throwing.entries()) {
    test(`a throw of ${hook} closes that client and no other (${index})`, async (t) => {
      let isArmed = true
      const onlyTheFirst = Object.fromEntries(
        Object.entries(setting).map(([name, value]) => [
          name,
          typeof value !== 'function'
            ? value
            : (client: TcpClient, ...rest: never[]) =>
                isArmed && client.id === 1
                  ? (value as (...all: unknown[]) => void)(client, ...rest)
                  : undefined,
        ]),
      )
      const scene = await open(t, {
        ...onlyTheFirst,
        failed: (client, error) => {
          t.not(client.sendMessage(Buffer.from(error.message)), 'dropped')
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      const other = await scene.connect()
      provoke(peer, engine)
      await peer.untilEnded()
      isArmed = false
      peer.socket.end()
      const reason = await engine.untilDisconnected(1)
      t.is(reason.kind, 'hook-error')
      t.is(reason.error?.code, 'ERR_CARILLON_HOOK')
      t.is(reason.error?.message, `${hook} threw: oops`)
      t.true(reason.error?.cause instanceof RangeError)
      const lastWord = frames(`${hook} threw: oops`)
      t.deepEqual(peer.received.subarray(-lastWord.length), lastWord)
      t.is(engine.stats().hookErrors, 1)
      t.is(engine.log.filter((entry) => entry.startsWith('message 1')).length <= 1, true)
      other.socket.write(frames('still here'))
      await engine.untilLogged('message 2 still here')
    })
  }

  test('throws of onClientError and onClientDisconnected are counted', async (t) => {
    const scene = await open(t, {
      message: oops,
      failed: oops,
      disconnected: (client) => (client.id === 1 ? oops() : undefined),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    t.is((await engine.untilDisconnected()).kind, 'hook-error')
    await peer.untilClosed()
    t.is(peer.error, undefined)
    t.is(engine.stats().hookErrors, 3)
    t.deepEqual(engine.log.slice(2), ['failed 1 ERR_CARILLON_HOOK', 'disconnected 1 hook-error'])
  })

  test('a throw after close is told, and does not change why the client was closed', async (t) => {
    const scene = await open(t, {
      message: (client) => {
        client.close()
        oops()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'closed')
    t.is(reason.error?.code, 'ERR_CARILLON_HOOK')
    t.is(engine.errors.length, 1)
  })

  test('a promise that is rejected after the disconnect is counted', async (t) => {
    let reject = (_reason: unknown) => {}
    const scene = await open(t, {
      message: () =>
        new Promise<void>((_resolve, rejectIt) => {
          reject = rejectIt
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    await engine.untilDisconnected()
    reject(new Error('too late'))
    await nextTurn()
    t.is(engine.stats().hookErrors, 1)
    t.is(engine.errors.length, 0)
  })
}
