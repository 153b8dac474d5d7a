import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { LEFT_FRAME_BYTES_LEAST } from '../../src/framing/limits.ts'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import {
  KEPT_REST_BYTES_LEAST,
  RECEIVE_READS_MAX,
  RECEIVE_STALE_TURNS,
} from '../../src/reactor/limits.ts'
import { requireAddon } from '../../src/reactor/native-addon.ts'
import type { Reactor } from '../../src/reactor/reactor.ts'
import type { TcpEngineOptions } from '../../src/reactor/tcp-engine-options.ts'
import type { RawPeer } from './raw-peer.ts'
import { reactorOf, settle } from './reactor-of.ts'
import { type Behaviour, pattern, Scene } from './recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES, nextTurn } from './suite/stage.ts'

const { receiveBuffers: BUFFERS, receiveBufferBytes: BUFFER_BYTES } = requireAddon().limits
/** The length in front of a message. */
const HEAD_BYTES = 4

function frame(message: Buffer): Buffer {
  return Buffer.concat(new LengthPrefixedStrategy().encode(message))
}

interface Receiving {
  readonly reactor: Reactor
  readonly scene: Scene
  /** What came, as it was while it was lent. */
  readonly received: Map<number, Buffer[]>
}

/** An engine that borrows messages, on a reactor of its own. */
async function receiving(
  t: ExecutionContext,
  behaviour: Behaviour = {},
  options: TcpEngineOptions = {},
): Promise<Receiving> {
  const reactor = reactorOf(t)
  const received = new Map<number, Buffer[]>()
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }), {
    ...behaviour,
    strategy: () => new LengthPrefixedStrategy(),
    options: { messages: 'borrowed', ...options },
    message: (client, message) => {
      const messages = received.get(client.id) ?? []
      received.set(client.id, messages)
      messages.push(Buffer.from(message))
      return behaviour.message?.(client, message)
    },
  })
  return { reactor, scene, received }
}

/** Resolves when all that was sent so far has been read. */
async function untilRead(reactor: Reactor, bytes: number): Promise<void> {
  while (reactor.stats().bytesRead < bytes) await nextTurn()
}

/** Sends each piece when the one before has been read. */
async function sendApart(reactor: Reactor, peer: RawPeer, pieces: readonly Buffer[]) {
  let { bytesRead } = reactor.stats()
  for (const piece of pieces) {
    peer.socket.write(piece)
    bytesRead += piece.length
    await untilRead(reactor, bytesRead)
  }
}

function halves(bytes: Buffer): [Buffer, Buffer] {
  const middle = bytes.length >> 1
  return [bytes.subarray(0, middle), bytes.subarray(middle)]
}

test('the rest of a large frame is read behind its beginning', async (t) => {
  const { reactor, scene, received } = await receiving(t)
  const peer = await scene.connect()
  const message = pattern(16_384)
  await sendApart(reactor, peer, halves(frame(message)))
  t.deepEqual(received.get(1), [message])
  t.like(reactor.stats(), { keptParts: 1, unkeptParts: 0, receiveBuffers: 1 })
  t.like(scene.engine.client().stats(), { bytesIn: 16_384 + HEAD_BYTES, messagesIn: 1 })
  // Several reads, and what is behind the frame.
  const stream = Buffer.concat([frame(message), frame(Buffer.from('ding')), frame(message)])
  const pieces = [0, 5000, 9000, 20_000, stream.length].map((end, index, ends) =>
    stream.subarray(ends[index - 1] ?? 0, end),
  )
  await sendApart(reactor, peer, pieces.slice(1))
  t.deepEqual(received.get(1)?.slice(1), [message, Buffer.from('ding'), message])
})

test('frames from the least to what a buffer holds are kept, others are put together', async (t) => {
  for (const [frameBytes, parts] of [
    [LEFT_FRAME_BYTES_LEAST - 1, 0],
    [LEFT_FRAME_BYTES_LEAST, 1],
    [BUFFER_BYTES, 1],
    [BUFFER_BYTES + 1, 0],
  ] as const) {
    const { reactor, scene, received } = await receiving(t)
    const peer = await scene.connect()
    const message = pattern(frameBytes - HEAD_BYTES)
    const [begin, end] = [frame(message).subarray(0, 2000), frame(message).subarray(2000)]
    await sendApart(reactor, peer, [begin])
    t.is(reactor.stats().keptParts, parts, `${frameBytes}`)
    await sendApart(reactor, peer, [end])
    t.deepEqual(received.get(1), [message])
  }
})

test('owned messages are put together: that is their copy', async (t) => {
  const { reactor, scene, received } = await receiving(t, {}, { messages: 'owned' })
  const peer = await scene.connect()
  await sendApart(reactor, peer, halves(frame(pattern(16_384))))
  t.deepEqual(received.get(1), [pattern(16_384)])
  t.is(reactor.stats().keptParts, 0)
})

test('however a stream is cut, paused and put back, the messages are the same', async (t) => {
  const anySize = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: LEFT_FRAME_BYTES_LEAST - 10, max: LEFT_FRAME_BYTES_LEAST + 10 }),
    fc.integer({ min: 0, max: 40_000 }),
    fc.integer({ min: BUFFER_BYTES - 10, max: BUFFER_BYTES + 10 }),
  )
  const what = fc.constantFrom<string>('take', 'take', 'pause', 'put back', 'echo')
  await fc.assert(
    fc.asyncProperty(
      fc.array(anySize, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.array(what, { minLength: 1, maxLength: 7 }),
      async (sizes, cuts, some) => {
        // What is put back each time would come for ever.
        const acts = [...some, 'take']
        const reactor = reactorOf(t)
        const taken: Buffer[] = []
        const echoed: Buffer[] = []
        let calls = 0
        const scene = await Scene.open(t, () => new EpollTransport({ reactor }), {
          strategy: () => new LengthPrefixedStrategy(),
          options: { messages: 'borrowed' },
          message: (client, message) => {
            const act = acts[calls++ % acts.length]
            if (act === 'put back' && client.putBack()) {
              setImmediate(() => client.resume())
              return
            }
            taken.push(Buffer.from(message))
            if (act === 'pause') {
              client.pause()
              setImmediate(() => client.resume())
            } else if (act === 'echo') {
              echoed.push(frame(Buffer.from(message)))
              client.sendMessage(message)
            }
          },
        })
        const sent = sizes.map((bytes, index) => pattern(bytes + index).subarray(index))
        const stream = Buffer.concat(sent.map(frame))
        const ends = [...new Set([...cuts.map((cut) => cut % stream.length), stream.length])]
        ends.sort((a, b) => a - b)
        const peer = await scene.connect()
        for (const [index, end] of ends.entries()) {
          peer.socket.write(stream.subarray(ends[index - 1] ?? 0, end))
          await settle(reactor)
        }
        await scene.engine.until(() => taken.length === sent.length)
        t.true(Buffer.concat(taken.map(frame)).equals(stream))
        t.deepEqual(
          taken.map(({ length }) => length),
          sizes,
        )
        await peer.untilReceived(Buffer.concat(echoed))
        const { messagesIn, bytesIn } = scene.engine.client().stats()
        t.deepEqual([messagesIn, bytesIn], [sent.length, stream.length])
        peer.socket.end()
        await scene.engine.untilDisconnected()
        t.is(scene.engine.stats().discardedBytes, 0)
        t.is(reactor.stats().receiveBuffers, 0)
      },
    ),
    { numRuns: 40 },
  )
})

test('there are so many buffers and no more, and who finds none is served by copies', async (t) => {
  const { reactor, scene, received } = await receiving(t)
  const message = pattern(10_000)
  const [begin, end] = halves(frame(message))
  const peers: RawPeer[] = []
  for (let count = 0; count <= BUFFERS; count++) {
    const peer = await scene.connect()
    peers.push(peer)
    await sendApart(reactor, peer, [begin])
    const receiveBuffers = Math.min(count + 1, BUFFERS)
    t.like(reactor.stats(), { receiveBuffers, unkeptParts: count + 1 - receiveBuffers })
  }
  for (const [index, peer] of peers.entries()) {
    await sendApart(reactor, peer, [end])
    t.deepEqual(received.get(index + 1), [message])
  }
  // All of them keep nothing now: whoever needs a buffer gets one of theirs, for the next turn on.
  const last = peers[BUFFERS] as RawPeer
  await sendApart(reactor, last, [begin])
  t.like(reactor.stats(), { unkeptParts: 2, keptParts: BUFFERS })
  await sendApart(reactor, last, [end, begin, end])
  t.like(reactor.stats(), { unkeptParts: 2, keptParts: BUFFERS + 1, receiveBuffers: BUFFERS })
  t.deepEqual(received.get(BUFFERS + 1), [message, message, message])
})

test('who sends a part of a frame and stops keeps no buffer from others', async (t) => {
  const { reactor, scene, received } = await receiving(t)
  const message = pattern(10_000)
  const [begin, end] = halves(frame(message))
  const slow: RawPeer[] = []
  for (let count = 0; count < BUFFERS; count++) {
    const peer = await scene.connect()
    slow.push(peer)
    await sendApart(reactor, peer, [begin])
  }
  const busy = await scene.connect()
  const bell = [frame(Buffer.from('ding'))]
  for (let turn = 0; turn <= RECEIVE_STALE_TURNS; turn++) await sendApart(reactor, busy, bell)
  t.is(reactor.stats().unkeptParts, 0)
  await sendApart(reactor, busy, [begin])
  t.like(reactor.stats(), { unkeptParts: 1, receiveBuffers: BUFFERS - 1 })
  await sendApart(reactor, busy, [end, begin])
  t.like(reactor.stats(), { unkeptParts: 1, receiveBuffers: BUFFERS })
  await sendApart(reactor, busy, [end])
  for (const peer of slow) await sendApart(reactor, peer, [end])
  for (let id = 1; id <= BUFFERS; id++) t.deepEqual(received.get(id), [message])
  t.deepEqual(received.get(BUFFERS + 1)?.slice(-2), [message, message])
  t.is(scene.engine.client(1).stats().bytesIn, message.length + HEAD_BYTES)
})

test('a buffer goes back when reads end with whole messages', async (t) => {
  const { reactor, scene } = await receiving(t)
  const peer = await scene.connect()
  const whole = frame(pattern(5000))
  await sendApart(reactor, peer, halves(whole))
  const buffers = () => reactor.stats().receiveBuffers
  for (let read = 2; read < RECEIVE_READS_MAX; read++) await sendApart(reactor, peer, [whole])
  t.is(buffers(), 1)
  await sendApart(reactor, peer, [whole])
  t.is(buffers(), 0)
  await sendApart(reactor, peer, halves(whole))
  t.is(buffers(), 1)
})

test('a peer that goes in the middle of a frame leaves its buffer to others', async (t) => {
  const { reactor, scene } = await receiving(t)
  const [begin] = halves(frame(pattern(10_000)))
  const ends: ((peer: RawPeer) => void)[] = [
    (peer) => peer.socket.end(),
    (peer) => peer.reset(),
    () => scene.engine.client(3).reset(),
  ]
  for (const [index, end] of ends.entries()) {
    const peer = await scene.connect()
    await sendApart(reactor, peer, [begin])
    t.is(reactor.stats().receiveBuffers, 1)
    end(peer)
    // What the peer has in its own hands.
    if (index === 0) await peer.untilEnded()
    peer.socket.destroy()
    await scene.engine.untilDisconnected(index + 1)
    t.is(reactor.stats().receiveBuffers, 0)
  }
  t.is(scene.engine.stats().discardedBytes, 0)
})

test('a hook may end its client, and others, while they keep parts of frames', async (t) => {
  const { reactor, scene } = await receiving(t, {
    message: (client) => {
      for (const other of scene.engine.clients.values()) if (other !== client) other.reset()
      client.reset()
    },
  })
  const [begin, end] = halves(frame(pattern(10_000)))
  const peers = [await scene.connect(), await scene.connect(), await scene.connect()]
  for (const peer of peers) await sendApart(reactor, peer, [begin])
  t.is(reactor.stats().receiveBuffers, 3)
  for (const peer of peers) peer.socket.write(end)
  for (const id of [1, 2, 3]) await scene.engine.untilDisconnected(id)
  t.is(scene.engine.stats().messagesIn, 1)
  t.is(reactor.stats().receiveBuffers, 0)
})

test('what is echoed from a buffer is what came, whoever reads slowly', async (t) => {
  const { reactor, scene } = await receiving(
    t,
    { message: (client, message) => void client.sendMessage(message) },
    { maxQueuedBytes: 2 * MORE_THAN_THE_KERNEL_TAKES },
  )
  const messages = Array.from({ length: 600 }, (_, index) =>
    pattern(16_000 + index).subarray(index % 7),
  )
  const stream = Buffer.concat(messages.map(frame))
  const peers = [await scene.connect(), await scene.connect(), await scene.connect()]
  for (const peer of peers) {
    peer.socket.pause()
    peer.socket.write(stream)
  }
  await untilRead(reactor, peers.length * stream.length)
  t.true(scene.engine.stats().queuedBytes > 0)
  t.true(reactor.stats().keptParts > 0)
  for (const peer of peers) peer.socket.resume()
  for (const peer of peers) await peer.untilReceived(stream)
  t.pass()
})

test('what is relayed from a buffer that changes hands in the turn is what came', async (t) => {
  const { reactor, scene } = await receiving(t, {
    message: (client, message) => {
      const to = scene.engine.clients.get(1)
      if (to === undefined || client.id === 1) return
      to.sendMessage(message)
      // Its buffer is free, and what was sent lies there.
      client.reset()
    },
  })
  const sink = await scene.connect()
  const whole = (fill: number) => frame(Buffer.alloc(20_000, fill))
  const expected: Buffer[] = []
  let id = 1
  for (let round = 0; round < 10; round++) {
    const peers: RawPeer[] = []
    for (let count = 0; count < 4; count++) peers.push(await scene.connect())
    for (const [index, peer] of peers.entries()) {
      const [begin] = halves(whole(index + 1))
      if (index < 2) await sendApart(reactor, peer, [begin])
    }
    const before = sink.receivedBytes
    for (const [index, peer] of peers.entries()) {
      // Two end a frame that was begun, the others begin one, all at once.
      const [begin, end] = halves(whole(index + 1))
      peer.socket.write(index < 2 ? end : begin)
    }
    await sink.until(() => sink.receivedBytes >= before + 2 * whole(1).length)
    const came = Buffer.from(sink.received.subarray(before))
    const either = [Buffer.concat([whole(1), whole(2)]), Buffer.concat([whole(2), whole(1)])].some(
      (bytes) => bytes.equals(came),
    )
    t.true(either)
    expected.push(came)
    for (const peer of peers) peer.socket.destroy()
    for (let count = 0; count < 4; count++) await scene.engine.untilDisconnected(++id)
  }
  await sink.untilReceived(Buffer.concat(expected))
})

test('what a pause leaves of a chunk stays where it is', async (t) => {
  const { reactor, scene, received } = await receiving(t, { message: (client) => client.pause() })
  const peer = await scene.connect()
  const messages = Array.from({ length: 5 }, (_, index) => pattern(9000 + index))
  peer.socket.write(Buffer.concat(messages.map(frame)))
  for (let count = 1; count <= messages.length; count++) {
    await scene.engine.until(() => received.get(1)?.length === count)
    t.is(scene.engine.client().isPaused, true)
    scene.engine.client().resume()
  }
  t.deepEqual(received.get(1), messages)
  t.true(reactor.stats().keptParts > 0)
  t.is(scene.engine.client().stats().bytesIn, messages.length * (9000 + HEAD_BYTES) + 10)
})

test('a rest shorter than a page is copied, and needs no buffer', async (t) => {
  for (const [restBytes, keptParts] of [
    [KEPT_REST_BYTES_LEAST - 1, 0],
    [KEPT_REST_BYTES_LEAST, 1],
  ] as const) {
    const { reactor, scene, received } = await receiving(t, { message: (client) => client.pause() })
    const peer = await scene.connect()
    const messages = [pattern(10), pattern(restBytes - HEAD_BYTES)]
    await sendApart(reactor, peer, [Buffer.concat(messages.map(frame))])
    t.like(reactor.stats(), { keptParts })
    scene.engine.client().resume()
    await scene.engine.until(() => received.get(1)?.length === 2)
    t.deepEqual(received.get(1), messages)
  }
})

test('a client that is paused for long gives way, and loses nothing', async (t) => {
  const { reactor, scene, received } = await receiving(t, {
    message: (client, message) => {
      if (message.length > 5000) client.pause()
    },
  })
  const rest = [pattern(8000), pattern(6000)]
  for (let count = 0; count < BUFFERS; count++) {
    const peer = await scene.connect()
    await sendApart(reactor, peer, [Buffer.concat([pattern(7000), ...rest].map(frame))])
  }
  t.like(reactor.stats(), { receiveBuffers: BUFFERS, unkeptParts: 0 })
  const busy = await scene.connect()
  const bell = [frame(Buffer.from('ding'))]
  for (let turn = 0; turn <= RECEIVE_STALE_TURNS; turn++) await sendApart(reactor, busy, bell)
  await sendApart(reactor, busy, halves(frame(pattern(4500))))
  t.like(reactor.stats(), { receiveBuffers: BUFFERS - 1, unkeptParts: 1 })
  for (let id = 1; id <= BUFFERS; id++) {
    for (const count of [2, 3]) {
      scene.engine.client(id).resume()
      await scene.engine.until(() => received.get(id)?.length === count)
    }
    t.deepEqual(received.get(id), [pattern(7000), ...rest])
  }
})

test('what was kept of a client that is closed is counted as discarded, once', async (t) => {
  const { reactor, scene } = await receiving(t, { message: (client) => client.pause() })
  const peer = await scene.connect()
  const stream = Buffer.concat([pattern(6000), pattern(7000), pattern(8000)].map(frame))
  // The last frame has only begun.
  await sendApart(reactor, peer, [stream.subarray(0, -1000)])
  t.is(reactor.stats().receiveBuffers, 1)
  scene.engine.client().close()
  await sendApart(reactor, peer, [stream.subarray(-1000)])
  peer.socket.end()
  await scene.engine.untilDisconnected()
  const { bytesIn, discardedBytes, messagesIn } = scene.engine.stats()
  t.deepEqual([bytesIn, messagesIn], [stream.length, 1])
  t.is(discardedBytes, stream.length - frame(pattern(6000)).length)
})

test('a connection that breaks in a hook keeps nothing of its chunk', async (t) => {
  for (const pauses of [false, true]) {
    const { reactor, scene } = await receiving(t, {
      message: (client) => {
        if (pauses) client.pause()
        const memory = new Uint8Array(8)
        reactor.registerMemory(memory)
        client.sendData(memory)
        structuredClone(memory, { transfer: [memory.buffer] })
        // It breaks here, and the engine hears of it in a later turn.
        reactor.flush()
      },
    })
    const peer = await scene.connect()
    peer.socket.write(Buffer.concat([frame(pattern(1)), frame(pattern(10_000)).subarray(0, 6000)]))
    const { error } = await scene.engine.untilDisconnected()
    t.is(error?.code, 'ERR_CARILLON_DETACHED')
    t.like(reactor.stats(), { keptParts: 0, receiveBuffers: 0 })
  }
})

test('a reactor may be closed in a hook, in the middle of a chunk', async (t) => {
  const { reactor, scene } = await receiving(t, { message: () => reactor.close() })
  const peer = await scene.connect()
  peer.socket.write(Buffer.concat([frame(pattern(1)), frame(pattern(10_000)).subarray(0, 6000)]))
  t.is((await scene.engine.untilDisconnected()).kind, 'connection-lost')
  t.deepEqual(scene.engine.errors, [])
})

test('a reactor that is closed takes its buffers back', async (t) => {
  const { reactor, scene } = await receiving(t)
  const peer = await scene.connect()
  await sendApart(reactor, peer, [frame(pattern(16_384)).subarray(0, 9000)])
  t.is(reactor.stats().receiveBuffers, 1)
  reactor.close()
  t.is(reactor.stats().receiveBuffers, 0)
  t.is((await scene.engine.untilDisconnected()).kind, 'connection-lost')
})
