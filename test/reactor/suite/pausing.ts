import test from 'ava'
import { frames } from '../recording-engine.ts'
import { MIB, MORE_THAN_THE_KERNEL_TAKES, type Stage } from './stage.ts'

/** What `pause` and `resume` do. */
export function pausingSuite({ open, withRoom }: Stage): void {
  test('pause holds back what has arrived already, resume gives it in order', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        if (message.toString() === 'b' || message.toString() === 'd') client.pause()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    const taken = () => engine.messages.map(String).join('')
    peer.socket.write(frames('a', 'b', 'c', 'd', 'e'))
    await engine.untilLogged('message 1 b')
    t.true(client.isPaused)
    peer.socket.write(frames('f'))
    await scene.settle()
    t.is(taken(), 'ab')
    client.resume()
    t.is(taken(), 'ab', 'not from inside resume()')
    await engine.untilLogged('message 1 d')
    await scene.settle()
    t.is(taken(), 'abcd')
    client.resume()
    client.pause()
    await scene.settle()
    t.is(taken(), 'abcd')
    client.resume()
    client.resume()
    await engine.untilLogged('message 1 f')
    t.is(taken(), 'abcdef')
  })

  test('a client that is paused and resumed within a hook goes on', async (t) => {
    const scene = await open(t, {
      connected: (client) => {
        client.pause()
        client.resume()
      },
      message: (client) => {
        client.pause()
        client.resume()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('a', 'b'))
    await engine.untilLogged('message 1 b')
    peer.socket.end(frames('c'))
    await engine.untilDisconnected()
    t.deepEqual(engine.messages.map(String), ['a', 'b', 'c'])
  })

  test('a client that is paused from the start is not read', async (t) => {
    const scene = await open(t, {
      connected: (client) => {
        if (client.id === 1) client.pause()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('a'))
    await scene.settle()
    t.is(engine.messages.length, 0)
    engine.client().resume()
    await engine.untilLogged('message 1 a')
    t.deepEqual(engine.messages, [Buffer.from('a')])
  })

  test('a paused client makes the peer wait', async (t) => {
    const scene = await open(t, { message: (client) => client.pause() })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('stop'))
    await engine.untilLogged('message 1 stop')
    peer.socket.write(Buffer.alloc(2 * MORE_THAN_THE_KERNEL_TAKES))
    await scene.settle()
    t.true(peer.socket.writableLength > MORE_THAN_THE_KERNEL_TAKES)
    t.true(engine.client().stats().bytesIn < MIB)
  })

  test('a peer that closes while paused is heard to the end first', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        if (message.toString() === 'a') client.pause()
        else client.sendMessage(message)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('a', 'b', 'c'))
    await engine.untilLogged('message 1 a')
    await scene.settle()
    t.true(engine.client().isOpen)
    t.is(engine.client().sendMessage(Buffer.from('not yet')), withRoom)
    engine.client().resume()
    await engine.untilDisconnected()
    t.deepEqual(engine.messages.map(String), ['a', 'b', 'c'])
    await peer.untilReceived(frames('not yet', 'b', 'c'))
  })
}
