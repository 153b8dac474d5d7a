import test from 'ava'
import { frames, pattern } from '../recording-engine.ts'
import { MIB, nextTurn, type Stage } from './stage.ts'

/** Messages as they come in. */
export function messagesSuite({ open }: Stage): void {
  test('a client connects, sends a message and leaves', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    t.is(engine.client().remoteAddress, peer.address)
    peer.socket.end(frames('hello'))
    t.deepEqual(await engine.untilDisconnected(), { kind: 'peer-closed' })
    t.deepEqual(engine.log, ['connected 1', 'message 1 hello', 'disconnected 1 peer-closed'])
    t.is(engine.clients.size, 0)
  })

  test('messages in one packet come one by one, an empty one as well', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('one', '', 'three'))
    await engine.untilLogged('message 1 three')
    t.deepEqual(engine.log, ['connected 1', 'message 1 one', 'message 1 ', 'message 1 three'])
  })

  test('a message that comes byte by byte is one message', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    for (const byte of frames('slow', 'slower')) {
      const { bytesIn } = engine.stats()
      peer.socket.write(Buffer.of(byte))
      while (engine.stats().bytesIn === bytesIn) await nextTurn()
    }
    await engine.untilLogged('message 1 slower')
    t.deepEqual(engine.log, ['connected 1', 'message 1 slow', 'message 1 slower'])
  })

  test('owned messages stay what they were', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    const sent = Array.from({ length: 300 }, (_, index) => pattern(index * 7))
    peer.socket.write(frames(...sent))
    await engine.until(() => engine.messages.length === sent.length)
    await scene.settle()
    t.deepEqual(engine.messages, sent)
  })

  test('borrowed messages can be sent on, even to a client that does not read', async (t) => {
    const scene = await open(t, {
      options: { messages: 'borrowed', maxQueuedBytes: 64 * MIB },
      message: (client, message) => {
        client.sendMessage(message)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const sent = frames(...Array.from({ length: 300 }, (_, index) => pattern(60_000 + index)))
    peer.socket.write(sent)
    await engine.until(() => engine.messages.length === 300)
    t.true(engine.client().queuedBytes > 0)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.like(engine.stats(), { messagesOut: 300, bytesOut: sent.length, droppedMessages: 0 })
  })
}
