import test from 'ava'
import { LengthPrefixedStrategy } from '../../../src/framing/length-prefixed-strategy.ts'
import { frames, type Scene } from '../recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, nextTurn, type Stage } from './stage.ts'

const TIMEOUT_MS = 800

/** Does something in every turn of the loop, until the client has gone. */
async function everyTurnUntilGone(scene: Scene, id: number, each: () => void): Promise<void> {
  while (!scene.engine.reasons.has(id)) {
    each()
    await nextTurn()
  }
}

/** Time limits, over a real network: who is over one goes, while who is not stays. */
export function timeoutsSuite({ open }: Stage): void {
  test('a client that is silent is told, and closed', async (t) => {
    const scene = await open(t, {
      options: { idleTimeoutMs: TIMEOUT_MS },
      failed: (client, error) => {
        client.sendMessage(Buffer.from(error.code))
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    const started = performance.now()
    await peer.untilEnded()
    t.true(performance.now() - started > TIMEOUT_MS / 2)
    peer.socket.end()
    const { kind, error } = await engine.untilDisconnected()
    t.is(kind, 'idle-timeout')
    t.is(error?.code, 'ERR_CARILLON_IDLE_TIMEOUT')
    t.deepEqual(peer.received, frames('ERR_CARILLON_IDLE_TIMEOUT'))
    t.is(engine.stats().disconnects['idle-timeout'], 1)
  })

  test('a client that sends, or is sent to, is not idle', async (t) => {
    const scene = await open(t, { options: { idleTimeoutMs: TIMEOUT_MS } })
    const { engine } = scene
    const sends = await scene.connect()
    const fromPeer = engine.client(1)
    const gone = everyTurnUntilGone(scene, 3, () => {
      sends.socket.write(frames('a'))
      if (engine.clients.has(2)) engine.client(2).sendMessage(Buffer.from('b'))
    })
    await scene.connect()
    const toPeer = engine.client(2)
    const silent = await scene.connect()
    silent.socket.on('end', () => silent.socket.end())
    await gone
    t.true(fromPeer.isOpen)
    t.true(toPeer.isOpen)
    t.is(engine.reasons.get(3)?.kind, 'idle-timeout')
  })

  test('a client that is not read from is not idle, unless it does not read either', async (t) => {
    const scene = await open(t, {
      options: {
        idleTimeoutMs: TIMEOUT_MS,
        closeTimeoutMs: TIMEOUT_MS,
        maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES,
      },
      connected: (client) => client.pause(),
    })
    const { engine } = scene
    await scene.connect()
    const reader = await scene.connect()
    reader.socket.pause()
    engine.client(2).sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    const { kind, error } = await engine.untilDisconnected(2)
    t.is(kind, 'idle-timeout')
    t.is(error?.code, 'ERR_CARILLON_IDLE_TIMEOUT')
    t.true(engine.client(1).isOpen)
    engine.client(1).resume()
    t.is((await engine.untilDisconnected(1)).kind, 'idle-timeout')
  })

  test('a slow client that never reads does not hold its source for ever', async (t) => {
    const scene = await open(t, {
      options: {
        idleTimeoutMs: TIMEOUT_MS,
        closeTimeoutMs: TIMEOUT_MS,
        maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES,
        slowClientPolicy: 'pause-source',
      },
      message: (_client, message) => {
        if (message.toString() === 'fill') {
          engine.client(2).sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
        }
      },
    })
    const { engine } = scene
    const source = await scene.connect()
    const sink = await scene.connect()
    sink.socket.pause()
    source.socket.write(frames('fill', 'next'))
    await engine.untilLogged('message 1 next')
    t.is(
      engine.log.find((entry) => entry.startsWith('failed')),
      'failed 2 ERR_CARILLON_IDLE_TIMEOUT',
    )
    t.is(engine.stats().sourcePauses, 1)
  })

  test('the first message has its time', async (t) => {
    const scene = await open(t, { options: { handshakeTimeoutMs: TIMEOUT_MS } })
    const { engine } = scene
    const greets = await scene.connect()
    greets.socket.write(frames('hello'))
    await engine.untilLogged('message 1 hello')
    const peer = await scene.connect()
    const half = frames('half of a hello').subarray(0, 7)
    peer.socket.write(half)
    await peer.untilEnded()
    peer.socket.end()
    const { kind, error } = await engine.untilDisconnected(2)
    t.is(kind, 'handshake-timeout')
    t.is(error?.code, 'ERR_CARILLON_HANDSHAKE_TIMEOUT')
    t.true(engine.client(1).isOpen)
    t.is(engine.stats().disconnects['handshake-timeout'], 1)
  })

  test('a message that comes ever so slowly is not waited for', async (t) => {
    const scene = await open(t, {
      options: { messageTimeoutMs: TIMEOUT_MS, idleTimeoutMs: 3 * TIMEOUT_MS },
    })
    const { engine } = scene
    const talks = await scene.connect()
    const slow = await scene.connect()
    slow.socket.on('end', () => slow.socket.end())
    const header = frames(Buffer.alloc(60_000)).subarray(0, 2)
    slow.socket.write(Buffer.concat([frames('whole'), header]))
    // Whole messages, every one in two parts: none takes long, however long it goes on.
    const [first, second] = [frames('two parts').subarray(0, 5), frames('two parts').subarray(5)]
    let isHalf = false
    await everyTurnUntilGone(scene, 2, () => {
      if (slow.socket.writable) slow.socket.write(Buffer.of(1))
      talks.socket.write(isHalf ? second : first)
      isHalf = !isHalf
    })
    t.is(engine.reasons.get(2)?.kind, 'message-timeout')
    t.is(engine.reasons.get(2)?.error?.code, 'ERR_CARILLON_MESSAGE_TIMEOUT')
    t.is(engine.stats().disconnects['message-timeout'], 1)
    t.true(engine.client(1).isOpen)
  })

  test('between messages there is no hurry, after a skipped one as well', async (t) => {
    const scene = await open(t, {
      options: { messageTimeoutMs: TIMEOUT_MS },
      strategy: () =>
        new LengthPrefixedStrategy({ lengthBytes: 2, maxMessageBytes: 10, onTooLarge: 'skip' }),
    })
    const { engine } = scene
    const [calm, half] = [await scene.connect(), await scene.connect()]
    calm.socket.write(frames('far too long for this one'))
    await scene.settle()
    t.is(engine.client(1).stats().skippedMessages, 1)
    half.socket.write(frames('far too long for this one').subarray(0, 20))
    half.socket.on('end', () => half.socket.end())
    t.is((await engine.untilDisconnected(2)).kind, 'message-timeout')
    t.true(engine.client(1).isOpen)
    calm.socket.write(frames('fine'))
    await engine.untilLogged('message 1 fine')
  })

  test('a half message of a client that is not read from has time', async (t) => {
    const scene = await open(t, {
      options: { messageTimeoutMs: TIMEOUT_MS, handshakeTimeoutMs: TIMEOUT_MS },
    })
    const { engine } = scene
    const paused = await scene.connect()
    paused.socket.write(frames('half').subarray(0, 3))
    while (engine.stats().bytesIn < 3) await nextTurn()
    engine.client(1).pause()
    const half = await scene.connect()
    half.socket.write(frames('half').subarray(0, 3))
    half.socket.on('end', () => half.socket.end())
    await engine.untilDisconnected(2)
    t.true(engine.client(1).isOpen)
    paused.socket.write(frames('half').subarray(3))
    engine.client(1).resume()
    await engine.untilLogged('message 1 half')
  })
}
