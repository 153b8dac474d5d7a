import test from 'ava'
import { errorCode } from '../../../src/errors.ts'
import { frames, pattern } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, type Stage } from './stage.ts'

/** How the peer's end is taken. */
export function peersEndSuite({ open }: Stage): void {
  test("after the peer's FIN what is queued for it is still sent", async (t) => {
    const reply = pattern(MORE_THAN_THE_KERNEL_TAKES)
    const scene = await open(t, {
      options: { maxQueuedBytes: 2 * MORE_THAN_THE_KERNEL_TAKES },
      message: (client, message) => {
        client.sendData(message.toString() === 'large' ? reply : message)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    peer.socket.end(frames('large', 'and a last word'))
    await engine.untilLogged('message 1 and a last word')
    await scene.settle()
    t.true(engine.client().queuedBytes > 0)
    t.is(engine.client().sendData(Buffer.from('late')), 'dropped')
    peer.socket.resume()
    await peer.untilEnded()
    await peer.untilReceived(Buffer.concat([reply, Buffer.from('and a last word')]))
    t.deepEqual(await engine.untilDisconnected(), { kind: 'peer-closed' })
  })

  test('a peer that closed and does not read is reset in the end', async (t) => {
    const scene = await open(t, {
      options: { closeTimeoutMs: 50, maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    peer.socket.end()
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'peer-closed')
    t.is(reason.error?.code, 'ERR_CARILLON_CLOSE_TIMEOUT')
  })

  test('a peer that breaks off is a lost connection', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    peer.reset()
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'connection-lost')
    t.is(reason.error?.code, 'ERR_CARILLON_CONNECTION_LOST')
    t.is(errorCode(reason.error?.cause), 'ECONNRESET')
    t.deepEqual(engine.log, ['connected 1', 'disconnected 1 connection-lost'])
    t.true(engine.stats().unsentBytes > 0)
  })
}
