import test from 'ava'
import { frames, pattern } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, nextTurn, type Stage, WRITE_AFTER_RESET } from './stage.ts'

/** How this end closes. */
export function closingSuite({ open }: Stage): void {
  test('close sends what is queued first, unread input or not', async (t) => {
    const reply = pattern(MORE_THAN_THE_KERNEL_TAKES)
    const scene = await open(t, {
      options: { maxQueuedBytes: 2 * MORE_THAN_THE_KERNEL_TAKES },
      message: (client) => {
        client.sendData(reply)
        client.close()
        client.close()
        t.is(client.sendData(Buffer.from('late')), 'dropped')
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const junk = frames('now', 'unread', pattern(60_000))
    peer.socket.write(junk)
    await engine.untilLogged('message 1 now')
    peer.socket.resume()
    peer.socket.write(junk)
    await peer.untilEnded()
    await peer.untilReceived(reply)
    peer.socket.end(junk)
    t.deepEqual(await engine.untilDisconnected(), { kind: 'closed' })
    await peer.untilClosed()
    t.is(peer.error, undefined)
    const { messagesIn, bytesIn, discardedBytes, unsentBytes } = engine.stats()
    t.is(messagesIn, 1)
    t.is(bytesIn, 3 * junk.length)
    t.is(discardedBytes, 3 * junk.length - frames('now').length)
    t.is(unsentBytes, 0)
  })

  test('close resets a peer that does not close as well', async (t) => {
    const scene = await open(t, { options: { closeTimeoutMs: 50 } })
    const { engine } = scene
    const peer = await scene.connect()
    engine.client().sendMessage(Buffer.from('bye'))
    engine.client().close()
    await peer.untilEnded()
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'closed')
    t.is(reason.error?.code, 'ERR_CARILLON_CLOSE_TIMEOUT')
    t.regex((await peer.untilReset()) ?? '', WRITE_AFTER_RESET)
    t.deepEqual(peer.received, frames('bye'))
  })

  test('close resets a peer that does not read the rest', async (t) => {
    const scene = await open(t, {
      options: { closeTimeoutMs: 50, maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    engine.client().close()
    const reason = await engine.untilDisconnected()
    t.is(reason.error?.code, 'ERR_CARILLON_CLOSE_TIMEOUT')
    t.true(engine.stats().unsentBytes > 0)
  })

  test('close discards what pause kept', async (t) => {
    const scene = await open(t, { message: (client) => client.pause() })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('a', 'bcd'))
    await engine.untilLogged('message 1 a')
    engine.client().close()
    engine.client().resume()
    await peer.untilEnded()
    peer.socket.end(frames('ef'))
    t.deepEqual(await engine.untilDisconnected(), { kind: 'closed' })
    t.is(engine.messages.length, 1)
    t.is(engine.stats().discardedBytes, frames('bcd', 'ef').length)
  })

  test('reset breaks off, and loses what is queued', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES } })
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    client.sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    const { queuedBytes } = client
    client.reset()
    client.reset()
    t.deepEqual(engine.log, ['connected 1'], 'no hook from inside reset()')
    t.false(client.isOpen)
    t.is(client.sendData(Buffer.from('late')), 'dropped')
    t.deepEqual(await engine.untilDisconnected(), { kind: 'reset' })
    t.regex((await peer.untilReset()) ?? '', WRITE_AFTER_RESET)
    t.is(engine.stats().unsentBytes, queuedBytes)
  })

  const moments: [string, (() => Promise<void>) | undefined][] = [
    ['at once', undefined],
    ['in the same turn', () => Promise.resolve()],
    ['in the next turn', nextTurn],
  ]
  for (const [moment, later] of moments) {
    test(`a client can be reset ${moment} after close`, async (t) => {
      const scene = await open(t)
      const { engine } = scene
      const peer = await scene.connect()
      const client = engine.client()
      client.close()
      if (later) await later()
      client.reset()
      t.is((await engine.untilDisconnected()).kind, 'closed')
      t.regex((await peer.untilReset()) ?? '', WRITE_AFTER_RESET)
    })
  }

  test('after the disconnect every call is harmless', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    peer.socket.end()
    await engine.untilDisconnected()
    client.pause()
    client.resume()
    client.close()
    client.reset()
    t.is(client.sendMessage(Buffer.from('x')), 'dropped')
    t.false(client.isOpen)
    t.deepEqual(engine.log, ['connected 1', 'disconnected 1 peer-closed'])
  })
}
