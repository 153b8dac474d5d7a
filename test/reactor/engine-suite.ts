import test, { type ExecutionContext } from 'ava'
import { CarillonError, errorCode } from '../../src/errors.ts'
import type { FullMessageInfo, IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import type { SendResult, TcpClient } from '../../src/reactor/tcp-client.ts'
import type { Transport } from '../../src/reactor/transport.ts'
import type { RawPeer } from './raw-peer.ts'
import { frames, pattern, RecordingEngine, Scene, type Setting } from './recording-engine.ts'

const MIB = 1024 * 1024
/** More than the kernel's buffers of both ends take from a sender while nobody reads. */
const MORE_THAN_THE_KERNEL_TAKES = 8 * MIB

/** EPIPE where a FIN had come before. */
const WRITE_AFTER_RESET = /^(ECONNRESET|EPIPE)$/

/** What every transport must do under a `TcpEngine`. */
export function engineSuite(createTransport: () => Transport): void {
  const open = (t: ExecutionContext, setting?: Setting) => Scene.open(t, createTransport, setting)

  // Messages.

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
    t.pass()
  })

  // Sending.

  test('sendData sends the chunks as they are, sendMessage frames', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    t.is(client.sendData(Buffer.from('ab'), new Uint8Array([99]), Buffer.from('d')), 'sent')
    t.is(client.sendMessage(Buffer.from('framed')), 'sent')
    t.is(client.sendMessage(Buffer.alloc(0)), 'sent')
    t.is(client.sendData(), 'sent')
    await peer.untilReceived(Buffer.concat([Buffer.from('abcd'), frames('framed', '')]))
    t.is(client.queuedBytes, 0)
    const { messagesOut, bytesOut } = client.stats()
    t.deepEqual({ messagesOut, bytesOut }, { messagesOut: 3, bytesOut: 4 + 8 + 2 })
  })

  test('sendMessage throws where the strategy has no frame, or the frame no room', async (t) => {
    const scene = await open(t, { strategy: () => strategyOf(() => -1) })
    const { engine } = scene
    await scene.connect()
    t.throws(() => engine.client().sendMessage(Buffer.from('x')), { code: 'ERR_CARILLON_NO_FRAME' })

    const framing = await open(t)
    await framing.connect()
    t.throws(() => framing.engine.client().sendMessage(Buffer.alloc(65536)), {
      code: 'ERR_CARILLON_MESSAGE_TOO_LARGE',
    })
    t.true(framing.engine.client().isOpen)
  })

  test('what the peer does not read is queued, in order, and the drain is told once', async (t) => {
    const drained: number[] = []
    const scene = await open(t, {
      options: {
        maxQueuedBytes: 64 * MIB,
        highWatermarkBytes: 4 * MIB,
        lowWatermarkBytes: MIB,
      },
      drained: (client) => {
        drained.push(client.queuedBytes)
        t.false(client.isAboveHighWatermark)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(2 * MORE_THAN_THE_KERNEL_TAKES)
    const results = new Set<SendResult>()
    for (let offset = 0; offset < sent.length; offset += MIB) {
      results.add(client.sendData(sent.subarray(offset, offset + MIB)))
    }
    t.deepEqual([...results], ['sent', 'queued'])
    t.true(client.isAboveHighWatermark)
    t.true(client.queuedBytes > MORE_THAN_THE_KERNEL_TAKES)
    peer.socket.resume()
    await engine.untilLogged('drained 1')
    await peer.untilReceived(sent)
    t.is(client.queuedBytes, 0)
    t.is(drained.length, 1)
    t.true((drained[0] as number) <= MIB)
  })

  test('a queue that stays under the high watermark has no drain to tell', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 64 * MIB, highWatermarkBytes: 64 * MIB },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(MORE_THAN_THE_KERNEL_TAKES)
    t.is(client.sendData(sent), 'queued')
    t.false(client.isAboveHighWatermark)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.is(client.queuedBytes, 0)
    t.deepEqual(engine.log, ['connected 1'])
  })

  test('a slow client is queued for up to the limit, and disconnected beyond it', async (t) => {
    const maxQueuedBytes = 2 * MORE_THAN_THE_KERNEL_TAKES
    const scene = await open(t, { options: { maxQueuedBytes } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    client.sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    t.is(client.sendData(Buffer.alloc(maxQueuedBytes - client.queuedBytes)), 'queued')
    t.is(client.queuedBytes, maxQueuedBytes)
    t.is(client.sendData(Buffer.alloc(1)), 'dropped')
    t.false(client.isOpen)
    t.is(client.sendData(Buffer.alloc(2)), 'dropped')
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'slow-client')
    t.is(reason.error?.code, 'ERR_CARILLON_SLOW_CLIENT')
    t.deepEqual(engine.log, ['connected 1', 'disconnected 1 slow-client'])
    const { droppedMessages, droppedBytes, unsentBytes } = engine.stats()
    t.deepEqual([droppedMessages, droppedBytes, unsentBytes], [2, 3, maxQueuedBytes])
    t.is(client.queuedBytes, 0)
  })

  test('with drop-newest a slow client stays', async (t) => {
    const maxQueuedBytes = MORE_THAN_THE_KERNEL_TAKES
    const scene = await open(t, { options: { maxQueuedBytes, slowClientPolicy: 'drop-newest' } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(maxQueuedBytes)
    t.is(client.sendData(sent), 'queued')
    t.is(client.sendData(Buffer.alloc(maxQueuedBytes)), 'dropped')
    t.true(client.isOpen)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.is(client.sendData(Buffer.from('!')), 'sent')
    await peer.untilReceived(Buffer.concat([sent, Buffer.from('!')]))
    t.is(engine.stats().droppedBytes, maxQueuedBytes)
  })

  test('more than the whole queue at once is dropped, whatever the kernel might take', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 10, slowClientPolicy: 'drop-newest' },
    })
    const { engine } = scene
    await scene.connect()
    t.is(engine.client().sendData(Buffer.alloc(5), Buffer.alloc(5)), 'sent')
    t.is(engine.client().sendData(Buffer.alloc(5), Buffer.alloc(6)), 'dropped')
  })

  // Pausing.

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
    t.pass()
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
    t.is(engine.client().sendMessage(Buffer.from('not yet')), 'sent')
    engine.client().resume()
    await engine.untilDisconnected()
    t.deepEqual(engine.messages.map(String), ['a', 'b', 'c'])
    await peer.untilReceived(frames('not yet', 'b', 'c'))
  })

  // Closing.

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

  // The peer's end.

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
    peer.socket.resetAndDestroy()
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'connection-lost')
    t.is(reason.error?.code, 'ERR_CARILLON_CONNECTION_LOST')
    t.is(errorCode(reason.error?.cause), 'ECONNRESET')
    t.deepEqual(engine.log, ['connected 1', 'disconnected 1 connection-lost'])
    t.true(engine.stats().unsentBytes > 0)
  })

  // Hooks that throw.

  const oops = () => {
    throw new RangeError('oops')
  }
  const throwing: [string, Setting, (peer: RawPeer, engine: RecordingEngine) => void][] = [
    ['onClientConnected', { connected: oops }, () => {}],
    ['onClientMessage', { message: oops }, (peer) => peer.socket.write(frames('x', 'y'))],
    [
      'onClientMessage',
      { message: async () => Promise.reject(new RangeError('oops')) },
      (peer) => peer.socket.write(frames('x')),
    ],
    [
      'onClientDrain',
      { drained: oops, options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES } },
      (_peer, engine) => {
        engine.client().sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
      },
    ],
  ]
  for (const [index, [hook, setting, provoke]] of throwing.entries()) {
    test(`a throw of ${hook} closes that client and no other (${index})`, async (t) => {
      let isArmed = true
      const onlyTheFirst = Object.fromEntries(
        Object.entries(setting).map(([name, value]) => [
          name,
          typeof value !== 'function'
            ? value
            : (client: TcpClient, ...rest: never[]) =>
                isArmed && client.id === 1
                  ? (value as (...all: unknown[]) => void)(client, ...rest)
                  : undefined,
        ]),
      )
      const scene = await open(t, {
        ...onlyTheFirst,
        failed: (client, error) => {
          t.is(client.sendMessage(Buffer.from(error.message)), 'sent')
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      const other = await scene.connect()
      provoke(peer, engine)
      await peer.untilEnded()
      isArmed = false
      peer.socket.end()
      const reason = await engine.untilDisconnected(1)
      t.is(reason.kind, 'hook-error')
      t.is(reason.error?.code, 'ERR_CARILLON_HOOK')
      t.is(reason.error?.message, `${hook} threw: oops`)
      t.true(reason.error?.cause instanceof RangeError)
      const lastWord = frames(`${hook} threw: oops`)
      t.deepEqual(peer.received.subarray(-lastWord.length), lastWord)
      t.is(engine.stats().hookErrors, 1)
      t.is(engine.log.filter((entry) => entry.startsWith('message 1')).length <= 1, true)
      other.socket.write(frames('still here'))
      await engine.untilLogged('message 2 still here')
    })
  }

  test('throws of onClientError and onClientDisconnected are counted', async (t) => {
    const scene = await open(t, {
      message: oops,
      failed: oops,
      disconnected: (client) => (client.id === 1 ? oops() : undefined),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    t.is((await engine.untilDisconnected()).kind, 'hook-error')
    await peer.untilClosed()
    t.is(peer.error, undefined)
    t.is(engine.stats().hookErrors, 3)
    t.deepEqual(engine.log.slice(2), ['failed 1 ERR_CARILLON_HOOK', 'disconnected 1 hook-error'])
  })

  test('a throw after close is told, and does not change why the client was closed', async (t) => {
    const scene = await open(t, {
      message: (client) => {
        client.close()
        oops()
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'closed')
    t.is(reason.error?.code, 'ERR_CARILLON_HOOK')
    t.is(engine.errors.length, 1)
  })

  test('a promise that is rejected after the disconnect is counted', async (t) => {
    let reject = (_reason: unknown) => {}
    const scene = await open(t, {
      message: () =>
        new Promise<void>((_resolve, rejectIt) => {
          reject = rejectIt
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('x'))
    await engine.untilDisconnected()
    reject(new Error('too late'))
    await nextTurn()
    t.is(engine.stats().hookErrors, 1)
    t.is(engine.errors.length, 0)
  })

  // Framing that goes wrong.

  const misbehaving: [string, (chunk: Buffer, info: FullMessageInfo) => number, RegExp][] = [
    ['answers -1', () => -1, /cannot read/],
    ['takes nothing', () => 0, /no progress/],
    ['takes more than there is', (chunk) => chunk.length + 1, /took 4 of 3/],
    ['takes less than nothing', () => -2, /took -2 of 3/],
    ['takes a part of a byte', () => 0.5, /took 0.5 of 3/],
    ['takes no number', () => Number.NaN, /took NaN of 3/],
    ['throws', oops, /threw: oops/],
    [
      'completes messages for ever',
      (_chunk, info) => {
        info.complete = true
        return 0
      },
      /no progress/,
    ],
  ]
  for (const [what, processData, message] of misbehaving) {
    test(`a strategy that ${what} ends the connection`, async (t) => {
      const scene = await open(t, {
        strategy: () => strategyOf(processData),
        failed: (client) => {
          t.is(client.sendData(Buffer.from('goodbye')), 'sent')
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.write('abc')
      await peer.untilEnded()
      peer.socket.end()
      const { kind, error } = await engine.untilDisconnected()
      t.is(kind, 'framing-error')
      t.is(error?.code, 'ERR_CARILLON_FRAMING')
      t.regex(error?.message ?? '', message)
      t.deepEqual(engine.errors, [error])
      t.is(peer.received.toString(), 'goodbye')
      t.true(engine.messages.length <= 1)
      t.is(engine.stats().discardedBytes, 3)
    })
  }

  test("a strategy's own error is the one that is told", async (t) => {
    const own = new CarillonError('ERR_CARILLON_OWN', 'not my protocol')
    const scene = await open(t, {
      strategy: () =>
        strategyOf((_chunk, info) => {
          info.error = own
          return -1
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end('abc')
    t.is((await engine.untilDisconnected()).error, own)
  })

  test('a message may end where the next byte shows it', async (t) => {
    // Messages are runs of one letter.
    const scene = await open(t, {
      strategy: () =>
        strategyOf((chunk, info) => {
          if (info.filledBytes > 0 && chunk[0] !== info.buffer[0]) {
            info.complete = true
            return 0
          }
          info.buffer = Buffer.concat([info.buffer, chunk.subarray(0, 1)])
          info.filledBytes++
          return 1
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end('aabccc.')
    await engine.untilDisconnected()
    t.deepEqual(engine.messages.map(String), ['aa', 'b', 'ccc'])
  })

  test('what comes before the damage is delivered, what comes after is not', async (t) => {
    const scene = await open(t, {
      strategy: () => new LengthPrefixedStrategy({ lengthBytes: 2, maxMessageBytes: 10 }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('good', 'far too long for this one', 'good again'))
    await engine.untilDisconnected()
    t.deepEqual(engine.log, [
      'connected 1',
      'message 1 good',
      'failed 1 ERR_CARILLON_MESSAGE_TOO_LARGE',
      'disconnected 1 framing-error',
    ])
  })

  test('skipped messages are in the counters, of the client and of all', async (t) => {
    const scene = await open(t, {
      strategy: () =>
        new LengthPrefixedStrategy({
          lengthBytes: 2,
          maxMessageBytes: 5,
          onTooLarge: 'skip',
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('good', 'not good', 'fine'))
    await engine.untilLogged('message 1 fine')
    for (const stats of [() => engine.client().stats(), () => engine.stats()]) {
      t.like(stats(), { messagesIn: 2, skippedMessages: 1, skippedBytes: 8 })
    }
    peer.socket.end()
    await engine.untilDisconnected()
    t.like(engine.stats(), { messagesIn: 2, skippedMessages: 1, skippedBytes: 8 })
  })

  // Hooks that act.

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

  // The engine's own life.

  test('clients over the limit are refused, and there is room again when one leaves', async (t) => {
    const scene = await open(t, { maxClients: 2 })
    const { engine } = scene
    const first = await scene.connect()
    await scene.connect()
    const third = scene.connectOnly()
    await third.untilClosed()
    t.is(engine.clients.size, 2)
    first.socket.end()
    await engine.untilDisconnected()
    await scene.connect()
    t.deepEqual(engine.log, [
      'connected 1',
      'connected 2',
      'disconnected 1 peer-closed',
      'connected 3',
    ])
    t.like(engine.stats(), { clients: 2, acceptedClients: 3, refusedClients: 1 })
  })

  test('a client without a strategy is refused', async (t) => {
    const scene = await open(t, { strategy: oops })
    const { engine } = scene
    await scene.connectOnly().untilClosed()
    t.like(engine.stats(), { acceptedClients: 0, refusedClients: 1 })
    t.deepEqual(engine.log, [])
  })

  test('stop flushes and closes, and the engine can be started again', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES } })
    const { engine } = scene
    const { address } = engine
    if (address === undefined) return t.fail()
    const peer = await scene.connect()
    const sent = pattern(MORE_THAN_THE_KERNEL_TAKES)
    engine.client().sendData(sent)
    const stopped = engine.stop()
    t.is(engine.address, undefined)
    t.is(engine.stop(), stopped)
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE' })
    const other = new RecordingEngine({}, { transport: createTransport() })
    other.init(address.port, address.host)
    t.deepEqual(await other.start(), address, 'the port is free while clients are still there')
    await other.stop()
    await peer.untilEnded()
    await peer.untilReceived(sent)
    peer.socket.end()
    await stopped
    t.deepEqual(engine.reasons.get(1), { kind: 'server-stopped' })
    await engine.stop()

    engine.init(address.port, address.host)
    t.deepEqual(await engine.start(), address)
    await scene.connect()
    t.deepEqual([...engine.clients.keys()], [2], 'ids are not used again')
    t.is(engine.stats().acceptedClients, 2)
  })

  test('stop resets what does not close in time', async (t) => {
    const scene = await open(t, { options: { stopTimeoutMs: 50, closeTimeoutMs: 60_000 } })
    const { engine } = scene
    await scene.connect()
    await scene.connect()
    engine.client(2).close()
    await engine.stop()
    t.deepEqual(
      [1, 2].map((id) => [engine.reasons.get(id)?.kind, engine.reasons.get(id)?.error?.code]),
      [
        ['server-stopped', 'ERR_CARILLON_CLOSE_TIMEOUT'],
        ['closed', 'ERR_CARILLON_CLOSE_TIMEOUT'],
      ],
    )
    t.is(engine.clients.size, 0)
  })

  test('stop waits for a start under way', async (t) => {
    const engine = new RecordingEngine({}, { transport: createTransport() })
    engine.init(0)
    const started = engine.start()
    await engine.stop()
    t.true((await started).port > 0)
    t.is(engine.address, undefined)
    await engine.start()
    await engine.stop()
  })

  test('start says why it cannot listen', async (t) => {
    const { engine: first } = await open(t)
    const port = first.address?.port ?? 0
    const engine = new RecordingEngine({}, { transport: createTransport() })
    engine.init(port)
    const error = await t.throwsAsync<CarillonError>(engine.start(), {
      code: 'ERR_CARILLON_LISTEN',
      message: /127\.0\.0\.1 port \d+: .*address already in use/,
    })
    t.is(errorCode(error?.cause), 'EADDRINUSE')
    engine.init(0, '192.0.2.1')
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_LISTEN' })
    engine.init(0)
    t.true((await engine.start()).port > 0)
    await engine.stop()
  })

  test('calls in the wrong order are refused', async (t) => {
    const engine = new RecordingEngine({}, { transport: createTransport() })
    await engine.stop()
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE', message: /init/ })
    engine.init(0)
    const started = engine.start()
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_STATE', message: /starting/ })
    await started
    t.throws(() => engine.init(0), { code: 'ERR_CARILLON_STATE', message: /running/ })
    await engine.stop()
    engine.init(0)
    t.pass()
  })

  test('a hundred clients at once each get their own answers', async (t) => {
    const scene = await open(t, {
      message: (client, message) => {
        client.sendMessage(message)
      },
    })
    const { engine } = scene
    const peers = Array.from({ length: 100 }, () => scene.connectOnly())
    const sent = peers.map((_, index) =>
      frames(...Array.from({ length: 50 }, (_, message) => pattern(index * 13 + message * 29))),
    )
    for (const [index, peer] of peers.entries()) peer.socket.write(sent[index] as Buffer)
    for (const [index, peer] of peers.entries()) await peer.untilReceived(sent[index] as Buffer)
    t.is(engine.stats().messagesIn, 5000)
    t.is(engine.stats().bytesIn, engine.stats().bytesOut)
  })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function strategyOf(
  processData: (chunk: Buffer, info: FullMessageInfo) => number,
): IFramingStrategy {
  return { processData }
}
