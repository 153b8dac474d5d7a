import test from 'ava'
import type { TcpClient } from '../../../src/reactor/tcp-client.ts'
import { SLOW_CLIENT_POLICIES } from '../../../src/reactor/tcp-engine-options.ts'
import { frames, pattern } from '../recording-engine.ts'
import { MIB, MORE_THAN_THE_KERNEL_TAKES, type Stage } from './stage.ts'

/** One message that keeps the connection busy: what is sent behind it waits. */
const BLOCKER = pattern(MORE_THAN_THE_KERNEL_TAKES)
const LARGE = 100_000

/** What becomes of slow clients, and of those that feed them. */
export function flowControlSuite({ open }: Stage): void {
  // Waiting.

  test('what waits arrives in order, of whatever size', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sizes = Array.from({ length: 3000 }, (_, index) => (index * 7919) % 5000)
    const sent = [BLOCKER, ...[...sizes, MIB, 1, 300_000].map(pattern)]
    for (const message of sent) client.sendData(message.subarray(0, 3), message.subarray(3))
    t.true(client.queuedBytes > sizes.reduce((sum, size) => sum + size))
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat(sent))
    t.is(client.queuedBytes, 0)
    t.is(engine.stats().queuedBytes, 0)
    t.true(engine.stats().peakQueuedBytes > MIB)
  })

  test('close sends what waits first', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = [BLOCKER, pattern(MIB), Buffer.from('the end')]
    for (const message of sent) t.is(client.sendData(message), 'queued')
    client.close()
    t.is(client.sendData(Buffer.from('late')), 'dropped')
    peer.socket.resume()
    await peer.untilEnded()
    await peer.untilReceived(Buffer.concat(sent))
    peer.socket.end()
    t.deepEqual(await engine.untilDisconnected(), { kind: 'closed' })
    t.is(engine.stats().unsentBytes, 0)
  })

  test('what waits when the client is reset was not sent', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const { engine } = scene
    await scene.connect()
    const client = engine.client()
    client.sendData(BLOCKER)
    client.sendData(Buffer.alloc(LARGE))
    const { queuedBytes } = client
    t.true(queuedBytes > LARGE)
    client.reset()
    await engine.untilDisconnected()
    t.is(engine.stats().unsentBytes, queuedBytes)
  })

  test('borrowed messages can be sent on to a slow client of another engine', async (t) => {
    const sinks = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const sink = await sinks.connect()
    sink.socket.pause()
    sinks.engine.client().sendData(BLOCKER)
    const sources = await open(t, {
      options: { messages: 'borrowed' },
      message: (_client, message) => {
        t.is(sinks.engine.client().sendMessage(message), 'queued')
      },
    })
    const source = await sources.connect()
    const sent = frames(...Array.from({ length: 50 }, (_, index) => pattern(1000 + index)))
    source.socket.write(sent)
    await sources.engine.until(() => sources.engine.messages.length === 50)
    sink.socket.resume()
    await sink.untilReceived(Buffer.concat([BLOCKER, sent]))
  })

  test('so many messages may wait and no more', async (t) => {
    const options = { maxQueuedBytes: 64 * MIB, maxQueuedMessages: 10 }
    for (const slowClientPolicy of ['drop-newest', 'disconnect'] as const) {
      const scene = await open(t, { options: { ...options, slowClientPolicy } })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.pause()
      const client = engine.client()
      client.sendData(BLOCKER)
      for (let count = 0; count < 10; count++) t.is(client.sendData(Buffer.of(count)), 'queued')
      t.is(client.sendData(Buffer.of(10)), 'dropped')
      t.is(client.droppedMessages, 1)
      t.is(client.isOpen, slowClientPolicy === 'drop-newest')
      if (client.isOpen) continue
      const { kind, error } = await engine.untilDisconnected()
      t.is(kind, 'slow-client')
      t.regex(error?.message ?? '', /behind 10 waiting ones is over the limit of 10/)
    }
  })

  // Dropping.

  test('who was refused for want of room is told of the drain', async (t) => {
    const maxQueuedBytes = MORE_THAN_THE_KERNEL_TAKES
    const scene = await open(t, {
      options: {
        maxQueuedBytes,
        highWatermarkBytes: maxQueuedBytes,
        lowWatermarkBytes: 0,
        slowClientPolicy: 'drop-newest',
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    client.sendData(BLOCKER)
    t.false(client.isAboveHighWatermark)
    t.is(client.sendData(Buffer.alloc(maxQueuedBytes)), 'dropped')
    t.true(client.isAboveHighWatermark)
    peer.socket.resume()
    await engine.untilLogged('drained 1')
    t.is(client.queuedBytes, 0)
  })

  test('with drop-oldest the oldest that have not begun make room', async (t) => {
    const scene = await open(t, {
      options: {
        maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES + 3 * LARGE,
        slowClientPolicy: 'drop-oldest',
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const letter = (name: string, bytes = LARGE) => Buffer.alloc(bytes, name)
    client.sendData(BLOCKER)
    // The kernel may have taken some of it: the three together fill the queue to its limit.
    const first = LARGE + MORE_THAN_THE_KERNEL_TAKES - client.queuedBytes
    for (const message of [letter('a', first), letter('b'), letter('c')]) {
      t.is(client.sendData(message), 'queued')
    }
    t.is(client.droppedMessages, 0)
    t.is(client.sendData(letter('d', first)), 'queued')
    t.is(client.droppedMessages, 1, 'a')
    t.is(client.sendData(letter('e', LARGE + 1)), 'queued')
    t.is(client.droppedMessages, 3, 'b and c')
    const { queuedBytes } = client
    t.is(client.sendData(letter('f', MORE_THAN_THE_KERNEL_TAKES)), 'dropped')
    t.is(client.queuedBytes, queuedBytes, 'nothing was dropped in vain')
    t.true(client.isOpen)
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat([BLOCKER, letter('d', first), letter('e', LARGE + 1)]))
    const stats = engine.stats()
    t.like(stats, {
      messagesOut: 6,
      droppedMessages: 4,
      droppedOldestMessages: 3,
      droppedOldestBytes: first + 2 * LARGE,
      droppedBytes: first + 2 * LARGE + MORE_THAN_THE_KERNEL_TAKES,
    })
    t.is(peer.receivedBytes, stats.bytesOut - stats.droppedOldestBytes)
  })

  test('with drop-oldest only the newest of too many small ones are sent', async (t) => {
    const scene = await open(t, {
      options: {
        maxQueuedBytes: 64 * MIB,
        maxQueuedMessages: 2,
        slowClientPolicy: 'drop-oldest',
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    client.sendData(BLOCKER)
    for (const name of 'abcdef') t.is(client.sendData(Buffer.from(name)), 'queued')
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat([BLOCKER, Buffer.from('ef')]))
    t.like(engine.stats(), { droppedMessages: 4, droppedOldestMessages: 4 })
  })

  for (const slowClientPolicy of ['drop-newest', 'drop-oldest', 'pause-source'] as const) {
    test(`with ${slowClientPolicy} a reader that never reads stays and costs no more`, async (t) => {
      const maxQueuedBytes = 2 * MIB
      const scene = await open(t, { options: { maxQueuedBytes, slowClientPolicy } })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.pause()
      const client = engine.client()
      const message = Buffer.alloc(64 * 1024)
      const count = 1000
      for (let index = 0; index < count; index++) client.sendData(message)
      t.true(client.isOpen)
      t.true(client.queuedBytes <= maxQueuedBytes)
      const stats = engine.stats()
      t.true(stats.peakQueuedBytes <= maxQueuedBytes)
      t.true(stats.droppedMessages > count / 2)
      t.is(stats.droppedBytes, stats.droppedMessages * message.length)
      const accepted = stats.messagesOut - stats.droppedOldestMessages
      t.is(accepted + stats.droppedMessages, count)
      t.is(stats.droppedOldestMessages > 0, slowClientPolicy === 'drop-oldest')
    })
  }

  // Pausing the source.

  test('with pause-source the source waits, and nothing is lost', async (t) => {
    const scene = await open(t, {
      options: {
        maxQueuedBytes: 32 * MIB,
        highWatermarkBytes: MIB,
        slowClientPolicy: 'pause-source',
      },
      message: (_client, message) => {
        engine.client(2).sendMessage(message)
      },
    })
    const { engine } = scene
    const source = await scene.connect()
    const sink = await scene.connect()
    sink.socket.pause()
    const sent = frames(...Array.from({ length: 400 }, (_, index) => pattern(60_000 + index)))
    source.socket.write(sent)
    await engine.until(() => engine.client(1).isHeld)
    t.true(engine.client(2).isAboveHighWatermark)
    t.false(engine.client(1).isPaused)
    await scene.settle()
    const { pausedSources, queuedBytes, sourcePauses } = engine.stats()
    t.is(pausedSources, 1)
    t.true(sourcePauses >= 1)
    t.true(queuedBytes < 2 * MIB, 'what is in the chunk is kept there')
    t.true(source.socket.writableLength > 0, 'the source itself has to wait')
    sink.socket.resume()
    await sink.untilReceived(sent)
    t.like(engine.stats(), { pausedSources: 0, droppedMessages: 0, messagesIn: 400 })
  })

  test('with pause-source an echo of a peer that does not read waits', async (t) => {
    const scene = await open(t, {
      options: { highWatermarkBytes: 100_000, slowClientPolicy: 'pause-source' },
      message: (client, message) => {
        client.sendMessage(message)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const sent = frames(...Array.from({ length: 600 }, (_, index) => pattern(50_000 + index)))
    peer.socket.write(sent)
    await engine.until(() => engine.client().isHeld)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.is(engine.stats().droppedMessages, 0)
    t.false(engine.client().isHeld)
    t.true(engine.stats().peakQueuedBytes < MIB)
  })

  test('with pause-source what does not fit is dropped, and the client stays', async (t) => {
    const scene = await open(t, {
      options: {
        maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES,
        highWatermarkBytes: MORE_THAN_THE_KERNEL_TAKES,
        slowClientPolicy: 'pause-source',
      },
      message: (client) => {
        client.sendData(BLOCKER)
        t.false(client.isHeld)
        t.is(client.sendData(BLOCKER), 'dropped')
        t.true(client.isHeld)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    peer.socket.write(frames('now'))
    await engine.untilLogged('message 1 now')
    t.true(engine.client().isOpen)
    t.is(engine.client().droppedMessages, 1)
    peer.socket.resume()
    await peer.untilReceived(BLOCKER)
    t.false(engine.client().isHeld)
  })

  test('a source waits for the last of several slow clients, or for its end', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 64 * MIB, slowClientPolicy: 'pause-source' },
      message: (client, message) => {
        if (message.toString() !== 'fill') return
        for (const each of engine.clients.values()) if (each !== client) each.sendData(BLOCKER)
      },
    })
    const { engine } = scene
    const source = await scene.connect()
    const [second, third, fourth] = [
      await scene.connect(),
      await scene.connect(),
      await scene.connect(),
    ]
    for (const peer of [second, third, fourth]) peer.socket.pause()
    source.socket.write(frames('fill', 'next'))
    await engine.untilLogged('message 1 fill')
    t.true(engine.client(1).isHeld)
    third.socket.resume()
    await third.untilReceived(BLOCKER)
    t.false(engine.client(3).isAboveHighWatermark)
    t.true(engine.client(1).isHeld)
    engine.client(2).reset()
    await engine.untilDisconnected(2)
    t.true(engine.client(1).isHeld)
    t.false(engine.log.includes('message 1 next'))
    engine.client(4).close()
    t.false(engine.client(1).isHeld)
    await engine.untilLogged('message 1 next')
    t.is(engine.stats().sourcePauses, 1)
  })

  test('pause and being held are apart', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 64 * MIB },
      message: (client) => {
        if (engine.messages.length > 1) return
        engine.client(2).sendData(BLOCKER)
        t.true(client.pauseFor(engine.client(2)))
        t.true(client.pauseFor(engine.client(2)))
        client.pause()
      },
    })
    const { engine } = scene
    const source = await scene.connect()
    const sink = await scene.connect()
    sink.socket.pause()
    const client = engine.client(1)
    source.socket.write(frames('a', 'b'))
    await engine.untilLogged('message 1 a')
    client.resume()
    t.deepEqual([client.isPaused, client.isHeld], [false, true])
    await scene.settle()
    t.is(engine.messages.length, 1)
    client.pause()
    sink.socket.resume()
    await sink.untilReceived(BLOCKER)
    t.deepEqual([client.isPaused, client.isHeld], [true, false])
    await scene.settle()
    t.is(engine.messages.length, 1)
    client.resume()
    await engine.untilLogged('message 1 b')
    t.is(engine.stats().sourcePauses, 1)
  })

  test('pauseFor holds for a slow client only, of any engine, and for none that is no client', async (t) => {
    const scene = await open(t)
    const other = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const source = await scene.connect()
    const sink = await other.connect()
    sink.socket.pause()
    const [client, slow] = [scene.engine.client(), other.engine.client()]
    t.false(client.pauseFor(slow))
    slow.sendData(BLOCKER)
    t.true(client.pauseFor(slow))
    source.socket.write(frames('a'))
    await scene.settle()
    t.is(scene.engine.messages.length, 0)
    sink.socket.resume()
    await scene.engine.untilLogged('message 1 a')
    t.throws(() => client.pauseFor({} as TcpClient), { code: 'ERR_CARILLON_ARGUMENT' })
    slow.reset()
    t.false(client.pauseFor(slow))
    client.reset()
    t.false(client.pauseFor(client))
  })

  test('a source that goes while it is held leaves nothing behind', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 64 * MIB } })
    const { engine } = scene
    const source = await scene.connect()
    const sink = await scene.connect()
    sink.socket.pause()
    engine.client(2).sendData(BLOCKER)
    t.true(engine.client(1).pauseFor(engine.client(2)))
    engine.client(1).close()
    t.false(engine.client(1).isHeld)
    source.socket.end(frames('discarded'))
    t.deepEqual(await engine.untilDisconnected(1), { kind: 'closed' })
    sink.socket.resume()
    await sink.untilReceived(BLOCKER)
    t.is(engine.stats().discardedBytes, frames('discarded').length)
  })

  // Stopping.

  for (const slowClientPolicy of SLOW_CLIENT_POLICIES) {
    const setting = {
      message: (client: TcpClient) => {
        client.sendData(BLOCKER)
        client.sendData(Buffer.from('the end'))
      },
      options: { maxQueuedBytes: 64 * MIB, slowClientPolicy },
    }

    test(`with ${slowClientPolicy} stop sends what waits`, async (t) => {
      const scene = await open(t, setting)
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.pause()
      peer.socket.write(frames('fill'))
      await engine.untilLogged('message 1 fill')
      const stopped = engine.stop()
      peer.socket.resume()
      await peer.untilEnded()
      await peer.untilReceived(Buffer.concat([BLOCKER, Buffer.from('the end')]))
      peer.socket.end()
      await stopped
      t.deepEqual(engine.reasons.get(1), { kind: 'server-stopped' })
      t.is(engine.stats().unsentBytes, 0)
    })

    test(`with ${slowClientPolicy} stop waits for a slow client until its deadline`, async (t) => {
      const scene = await open(t, {
        ...setting,
        options: { ...setting.options, stopTimeoutMs: 50 },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.pause()
      peer.socket.write(frames('fill'))
      await engine.untilLogged('message 1 fill')
      await engine.stop()
      t.is(engine.reasons.get(1)?.error?.code, 'ERR_CARILLON_CLOSE_TIMEOUT')
      t.true(engine.stats().unsentBytes > 'the end'.length)
      t.is(engine.stats().pausedSources, 0)
    })
  }
}
