import test from 'ava'
import { frames } from '../recording-engine.ts'
import { oops, type Stage } from './stage.ts'

/** Hooks that act on clients and on the engine. */
export function actingHooksSuite({ open }: Stage): void {
  for (const action of ['close', 'reset'] as const) {
    test(`no message follows a ${action} from inside onClientMessage`, async (t) => {
      const scene = await open(t, {
        message: (client) => {
          client[action]()
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.end(frames('a', 'b', 'c'))
      await engine.untilDisconnected()
      t.deepEqual(engine.messages.map(String), ['a'])
      t.is(engine.stats().discardedBytes, frames('b', 'c').length)
    })

    test(`${action} works as a client connects`, async (t) => {
      const scene = await open(t, {
        connected: (client) => {
          client.sendMessage(Buffer.from('no'))
          client[action]()
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.write(frames('hello'))
      await peer.untilEnded()
      peer.socket.end()
      await engine.untilDisconnected()
      t.is(engine.messages.length, 0)
      if (action === 'close') t.deepEqual(peer.received, frames('no'))
    })

    test(`${action} works from inside onClientError`, async (t) => {
      const scene = await open(t, {
        message: oops,
        failed: (client) => {
          client[action]()
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.end(frames('a', 'b'))
      t.is((await engine.untilDisconnected()).kind, 'hook-error')
      t.is(engine.errors.length, 1)
    })
  }

  test('a hook may send to all clients and close others', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        for (const each of engine.clients.values()) {
          each.sendMessage(message)
          if (each !== client) each.close()
        }
      },
    })
    const { engine } = scene
    const peers = [await scene.connect(), await scene.connect(), await scene.connect()]
    peers[1]?.socket.write(frames('me only'))
    for (const peer of peers) await peer.untilReceived(frames('me only'))
    for (const peer of [peers[0], peers[2]]) {
      await peer?.untilEnded()
      peer?.socket.end()
    }
    await engine.untilDisconnected(1)
    await engine.untilDisconnected(3)
    t.deepEqual([...engine.clients.keys()], [2])
  })

  test('a hook may stop the engine', async (t) => {
    let stopped: Promise<void> | undefined
    const scene = await open(t, {
      message: (client) => {
        stopped = engine.stop()
        t.false(client.isOpen)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('a', 'b'))
    await engine.untilDisconnected()
    await stopped
    t.deepEqual(engine.log, ['connected 1', 'message 1 a', 'disconnected 1 server-stopped'])
  })
}
