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

  test('a message that is put back comes again, before what follows', async (t) => {
    let calls = 0
    const scene = await open(t, {
      message: (client, message) => {
        if (message.toString() !== 'b' || ++calls === 3) return
        t.true(client.putBack())
        t.true(client.isPaused)
        // The second time from inside the hook.
        if (calls === 2) client.resume()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    peer.socket.write(frames('a', 'b', 'c'))
    await engine.untilLogged('message 1 b')
    await scene.settle()
    t.deepEqual(engine.messages.map(String), ['a', 'b'])
    t.is(client.stats().messagesIn, 1)
    client.resume()
    await engine.untilLogged('message 1 c')
    t.deepEqual(engine.messages.map(String), ['a', 'b', 'b', 'b', 'c'])
    t.like(client.stats(), { messagesIn: 3, bytesIn: frames('a', 'b', 'c').length })
    t.false(client.isPaused)
  })

  test('what is put back of a client that is closed is discarded', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        if (message.toString() === 'b') client.putBack()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('a', 'b', 'c'))
    await engine.untilLogged('message 1 b')
    await scene.settle()
    engine.client().close()
    await engine.untilDisconnected()
    t.like(engine.stats(), { messagesIn: 1, discardedBytes: frames('b', 'c').length })
  })

  test('only what is being handled, and came whole, can be put back', async (t) => {
    const answers: boolean[] = []
    const scene = await open(t, {
      connected: (client) => void answers.push(client.putBack()),
      message: async (client, message) => {
        const other = engine.clients.get(3 - client.id)
        if (other !== undefined) answers.push(other.putBack())
        if (message.length === 6) answers.push(client.putBack())
        await undefined
        answers.push(client.putBack())
      },
    })
    const { engine } = scene
    const [first] = [await scene.connect(), await scene.connect()]
    const bytes = frames('ding', 'pieces')
    first.socket.write(bytes.subarray(0, -2))
    await engine.untilLogged('message 1 ding')
    await scene.settle()
    first.socket.write(bytes.subarray(-2))
    await engine.untilLogged('message 1 pieces')
    await scene.settle()
    engine.client().close()
    t.false(engine.client().putBack())
    t.deepEqual(new Set(answers), new Set([false]))
    t.false(engine.client().isPaused)
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
