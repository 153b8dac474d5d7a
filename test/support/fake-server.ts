import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { type ClientMessage, decodeClientMessage, ServerMessage } from '../../proto/messages.ts'
import { CarillonClient, type ConnectOptions } from '../../src/client/carillon-client.ts'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'

export const FAKE_LIMITS = {
  maxMessageBytes: 1024 * 1024,
  maxBlockSamples: 8192,
  maxStreamsPerClient: 4,
  maxEffectsPerStream: 8,
  maxChannels: 8,
  minSampleRateHz: 1000,
  maxSampleRateHz: 384_000,
}

/** What is not given behaves as a server should: a stream returns its blocks as they came. */
export interface FakeBehaviour {
  /** A client connected. Default: nothing. */
  onConnect?: (peer: FakePeer) => void
  /** Sees each message first. Returns true where it has dealt with it. */
  onMessage?: (message: ClientMessage, peer: FakePeer) => boolean | undefined
  /** What becomes of a block. */
  transform?: (data: Uint8Array) => Uint8Array
}

/** A server that speaks Carillon's protocol, well or badly, on a free port of this machine. */
export class FakeServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly peers: FakePeer[] = []
  readonly #server: Server

  private constructor(server: Server, behaviour: FakeBehaviour) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    server.on('connection', (socket) => {
      const peer = new FakePeer(socket, behaviour)
      this.peers.push(peer)
      behaviour.onConnect?.(peer)
    })
  }

  /** Stops with the test. */
  static async start(t: ExecutionContext, behaviour: FakeBehaviour = {}): Promise<FakeServer> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const fake = new FakeServer(server, behaviour)
    t.teardown(() => fake.stop())
    return fake
  }

  async stop(): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** One client of the fake server. */
export class FakePeer {
  readonly socket: Socket
  /** Every message that the client sent. */
  readonly received: ClientMessage[] = []
  readonly closed: Promise<unknown>
  readonly #behaviour: FakeBehaviour
  readonly #framing = new VarintPrefixedStrategy({ maxMessageBytes: FAKE_LIMITS.maxMessageBytes })
  #incoming = new FullMessageInfo()
  #blocks = new Map<number, number>()
  #waiting: (() => void)[] = []

  constructor(socket: Socket, behaviour: FakeBehaviour) {
    this.socket = socket
    this.#behaviour = behaviour
    // A client may vanish in any test.
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#receive(chunk))
    this.closed = new Promise((resolve) => socket.once('close', resolve))
  }

  send(message: ServerMessage): void {
    this.socket.write(FakePeer.frame(message))
  }

  /** The bytes of a message as they go over the wire. */
  static frame(message: ServerMessage): Buffer {
    const bytes = ServerMessage.encode(message).finish()
    return Buffer.concat(new VarintPrefixedStrategy({ maxMessageBytes: 2 ** 24 }).encode(bytes))
  }

  #receive(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      rest = rest.subarray(this.#framing.processData(rest, this.#incoming))
      if (!this.#incoming.complete) continue
      const message = decodeClientMessage(this.#incoming.buffer)
      this.#incoming = new FullMessageInfo()
      this.received.push(message)
      for (const look of this.#waiting.splice(0)) look()
      if (this.#behaviour.onMessage?.(message, this) !== true) this.behave(message)
    }
  }

  /** The first message of this kind, once it is there. */
  async got(body: NonNullable<ClientMessage['body']>): Promise<ClientMessage> {
    for (;;) {
      const message = this.received.find((candidate) => candidate.body === body)
      if (message !== undefined) return message
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Answers a message as a server should. */
  behave(message: ClientMessage): void {
    const { samples, closeStream } = message
    const request = message.request ?? 0
    if (message.hello) {
      const cores = [{ index: 0, state: 'running', kind: 'hosted', bootCount: 1 }]
      const welcome = { protocolVersion: 1, server: 'fake', session: 7, limits: FAKE_LIMITS, cores }
      this.send({ request, welcome })
    } else if (message.describe) {
      const parameters = [{ name: 'db', unit: 'dB', min: -120, max: 24, required: true }]
      const effects = [{ name: 'gain', summary: 'Louder or quieter.', parameters }]
      this.send({ request, description: { effects, cores: [] } })
    } else if (message.openStream) {
      const stream = this.#blocks.size + 1
      this.#blocks.set(stream, 0)
      this.send({ request, streamOpened: { stream, core: 0 } })
    } else if (samples) {
      const { stream = 0, sequence = 0, data } = samples
      this.#blocks.set(stream ?? 0, (sequence ?? 0) + 1)
      const transform = this.#behaviour.transform ?? ((same) => same)
      this.send({
        request,
        samples: { stream, sequence, data: transform(data ?? new Uint8Array()) },
      })
    } else if (closeStream) {
      const { stream = 0 } = closeStream
      const blocks = this.#blocks.get(stream ?? 0) ?? 0
      this.send({ request, streamClosed: { stream, blocksIn: blocks, blocksOut: blocks } })
    } else if (message.subscribe) {
      this.send({ request, subscribed: {} })
    }
  }
}

/** A client connected to a fake server of its own, and the server's side of it. */
export async function connectToFake(
  t: ExecutionContext,
  behaviour: FakeBehaviour = {},
  options: ConnectOptions = {},
): Promise<{ client: CarillonClient; peer: FakePeer }> {
  const server = await FakeServer.start(t, behaviour)
  const client = await CarillonClient.connect({ port: server.port, ...options })
  t.teardown(() => client.close())
  const [peer] = server.peers
  if (peer === undefined) throw new Error('nobody connected')
  return { client, peer }
}
