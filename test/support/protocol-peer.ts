import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import {
  ClientMessage,
  decodeServerMessage,
  PROTOCOL_VERSION,
  type ReceivedServerMessage,
} from '../../proto/messages.ts'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'

/** A client that says exactly what a test tells it to, right or wrong. */
export class ProtocolPeer {
  readonly socket: Socket
  readonly #framing = new VarintPrefixedStrategy({ maxMessageBytes: 4 * 1024 * 1024 })
  readonly #received: ReceivedServerMessage[] = []
  #info = new FullMessageInfo()
  #notify: () => void = () => {}
  #ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#notify()
    })
  }

  static async connect(t: ExecutionContext, port: number): Promise<ProtocolPeer> {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return new ProtocolPeer(socket)
  }

  /** Connects and says Hello. */
  static async greet(
    t: ExecutionContext,
    port: number,
    clientName = 'peer',
  ): Promise<ProtocolPeer> {
    const peer = await ProtocolPeer.connect(t, port)
    peer.send({ hello: { protocolVersion: PROTOCOL_VERSION, clientName } })
    t.is((await peer.next()).body, 'welcome')
    return peer
  }

  send(message: ClientMessage): void {
    for (const piece of this.#framing.encode(ClientMessage.encode(message).finish())) {
      this.socket.write(piece)
    }
  }

  /** The next message of the server's. */
  async next(): Promise<ReceivedServerMessage> {
    await this.#until(() => this.#received.length > 0 || this.#ended)
    const message = this.#received.shift()
    if (message === undefined) throw new Error('the server has closed the connection')
    return message
  }

  /** The code of the next message, which is an error. */
  async nextError(): Promise<string> {
    const message = await this.next()
    if (message.body !== 'error') throw new Error(`not an error but ${message.body}`)
    return message.error.code ?? ''
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    await this.#until(() => this.#ended)
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = () => {
        if (condition()) resolve()
      }
      this.#notify()
    })
  }

  #take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      const taken = this.#framing.processData(rest, this.#info)
      if (taken < 0) throw this.#info.error ?? new Error('the server sent no frame')
      rest = rest.subarray(taken)
      if (!this.#info.complete) continue
      this.#received.push(decodeServerMessage(this.#info.buffer))
      this.#info = new FullMessageInfo()
    }
    this.#notify()
  }
}
