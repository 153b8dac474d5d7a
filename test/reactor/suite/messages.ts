import test from 'ava'
import { FixedLengthStrategy } from '../../../src/framing/fixed-length-strategy.ts'
import type { FullMessageInfo, IFramingStrategy } from '../../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../../src/framing/length-prefixed-strategy.ts'
import { LineStrategy } from '../../../src/framing/line-strategy.ts'
import { VarintPrefixedStrategy } from '../../../src/framing/varint-prefixed-strategy.ts'
import { frames, pattern } from '../recording-engine.ts'
import { MIB, nextTurn, type Stage } from './stage.ts'

/** Without an end of a line in it, and as long as the messages of `fixed`. */
const ECHOED = Buffer.from('bells played from afar')

const FRAMINGS: Readonly<Record<string, () => IFramingStrategy>> = {
  length: () => new LengthPrefixedStrategy(),
  'short length': () => new LengthPrefixedStrategy({ lengthBytes: 2, byteOrder: 'little' }),
  varint: () => new VarintPrefixedStrategy(),
  fixed: () => new FixedLengthStrategy({ messageBytes: ECHOED.length }),
  line: () => new LineStrategy(),
}

/** Reads messages behind their length, and writes them in angle brackets. */
class ReadingOnly implements IFramingStrategy {
  readonly #inner = new LengthPrefixedStrategy({ lengthBytes: 2 })

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.#inner.processData(chunk, info)
  }

  encode(message: Uint8Array): Uint8Array[] {
    return [Buffer.from('<'), message, Buffer.from('>')]
  }
}

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

  for (const [name, createStrategy] of Object.entries(FRAMINGS)) {
    test(`borrowed messages are echoed in their frames: ${name}`, async (t) => {
      const scene = await open(t, {
        options: { messages: 'borrowed' },
        message: (client, message) => {
          client.sendMessage(message)
        },
        strategy: createStrategy,
      })
      const { engine } = scene
      const peer = await scene.connect()
      const encode = (bytes: Buffer) => createStrategy().encode?.(bytes) ?? []
      const sent = Buffer.concat(Array.from({ length: 60 }, () => encode(ECHOED)).flat())
      // Whole; in pieces of which none is a frame; and in pieces that begin and end anywhere in a
      // frame, also between its head and its message.
      let times = 0
      for (const pieceBytes of [sent.length, 7, 47]) {
        for (let at = 0; at < sent.length; at += pieceBytes) {
          const { bytesIn } = engine.stats()
          peer.socket.write(sent.subarray(at, at + pieceBytes))
          while (engine.stats().bytesIn === bytesIn) await nextTurn()
        }
        times++
        await peer.untilReceived(Buffer.concat(new Array(times).fill(sent)))
      }
      const { messagesIn, messagesOut, bytesIn, bytesOut } = engine.stats()
      t.deepEqual([messagesIn, messagesOut, bytesIn, bytesOut], [180, 180, bytesOut, bytesIn])
    })
  }

  test('a strategy that reads with another one frames as it says itself', async (t) => {
    const scene = await open(t, {
      options: { messages: 'borrowed' },
      message: (client, message) => {
        client.sendMessage(message)
      },
      strategy: () => new ReadingOnly(),
    })
    const peer = await scene.connect()
    peer.socket.write(frames('one', 'two'))
    await peer.untilReceived(Buffer.from('<one><two>'))
    t.like(scene.engine.stats(), { messagesIn: 2, messagesOut: 2 })
  })
}
