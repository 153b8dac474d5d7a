import test from 'ava'
import { frames, pattern } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, nextTurn, type Stage } from './stage.ts'

/** Peers that behave as badly as a network lets them. */
export function hardPeersSuite({ open }: Stage): void {
  test('many that connect and vanish leave nothing behind', async (t) => {
    const scene = await open(t, {
      options: { idleTimeoutMs: 60_000, handshakeTimeoutMs: 60_000, messageTimeoutMs: 60_000 },
      message: (client, message) => {
        client.sendMessage(message)
      },
    })
    const { engine } = scene
    const count = 300
    for (let index = 0; index < count; index++) {
      const peer = scene.connectOnly()
      await peer.untilConnected()
      if (index % 3 === 1) peer.socket.write(frames('hello'))
      if (index % 3 === 2) peer.socket.write(frames(pattern(1000)).subarray(0, 500))
      // In the middle of whatever takes several turns, a TLS handshake for one.
      for (let turn = 0; turn < index % 10; turn++) await nextTurn()
      if (index % 2 === 0) peer.reset()
      else peer.socket.destroy()
      await peer.untilClosed()
    }
    const last = await scene.connect()
    last.socket.write(frames('still there?'))
    await last.untilReceived(frames('still there?'))
    last.socket.end()
    await engine.until(() => engine.clients.size === 0)
    t.is(engine.stats().queuedBytes, 0)
  })

  test('a peer that breaks off within a message is a lost connection', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES, messageTimeoutMs: 60_000 },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    peer.socket.write(frames('whole', 'never whole').subarray(0, 12))
    await engine.untilLogged('message 1 whole')
    peer.reset()
    t.is((await engine.untilDisconnected()).kind, 'connection-lost')
    t.deepEqual(engine.log, ['connected 1', 'message 1 whole', 'disconnected 1 connection-lost'])
  })

  test('a peer that ends within a message is told nothing more, and gone', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('whole', 'never whole').subarray(0, 12))
    t.deepEqual(await engine.untilDisconnected(), { kind: 'peer-closed' })
    t.is(engine.messages.length, 1)
  })
}
