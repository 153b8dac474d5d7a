import { once } from 'node:events'
import { connect } from 'node:net'
import {
  ClientMessage,
  decodeServerMessage,
  PROTOCOL_VERSION,
  type ReceivedServerMessage,
} from '../../proto/messages.ts'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { BenchError } from '../errors.ts'

/** Ample for one block on a busy machine. */
const ANSWER_TIMEOUT_MS = 30_000

/**
 * Sends one block of samples through a core, in one piece with its frame, and calls `look` when it has
 * come back, while the connection is still open.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_LOAD` where something else comes back, or nothing.
 */
export async function sendOneBlock<Seen>(
  port: number,
  block: Uint8Array,
  signal: AbortSignal,
  look: () => Seen,
): Promise<Seen> {
  const socket = connect(port, '127.0.0.1')
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
  try {
    await once(socket, 'connect', { signal: waiting })
    const framing = new VarintPrefixedStrategy()
    const send = (message: ClientMessage) =>
      socket.write(Buffer.concat(framing.encode(ClientMessage.encode(message).finish())))
    const next = messagesOf(socket.iterator({ destroyOnReturn: false }), framing)
    const stop = () => socket.destroy()
    waiting.addEventListener('abort', stop)
    send({ hello: { protocolVersion: PROTOCOL_VERSION, clientName: 'bench' } })
    await expect(next, 'welcome')
    send({ request: 1, openStream: { sampleRateHz: 48_000, channels: 1, effects: [] } })
    const { streamOpened } = await expect(next, 'streamOpened')
    send({ samples: { stream: streamOpened?.stream ?? 0, sequence: 0, data: block } })
    const { samples } = await expect(next, 'samples')
    if (!Buffer.from(samples?.data ?? []).equals(block)) fail('another block came back')
    return look()
  } finally {
    socket.destroy()
  }
}

async function* messagesOf(
  chunks: AsyncIterable<Buffer>,
  framing: VarintPrefixedStrategy,
): AsyncGenerator<ReceivedServerMessage, undefined> {
  let info = new FullMessageInfo()
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const taken = framing.processDataAt(chunk, at, info)
      if (taken < 0) fail('what came is no message')
      at += taken
      if (!info.complete) continue
      yield decodeServerMessage(info.buffer)
      info = new FullMessageInfo()
    }
  }
  return undefined
}

async function expect(
  messages: AsyncGenerator<ReceivedServerMessage, undefined>,
  body: ReceivedServerMessage['body'],
): Promise<ReceivedServerMessage> {
  const { value } = await messages.next()
  if (value === undefined) return fail(`the connection ended before ${body}`)
  if (value.body !== body) return fail(`${value.body} came and not ${body}`)
  return value
}

function fail(what: string): never {
  throw new BenchError('ERR_CARILLON_BENCH_LOAD', what)
}
