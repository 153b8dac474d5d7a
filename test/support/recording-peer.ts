import {
  ClientMessage,
  decodeServerMessage,
  PROTOCOL_VERSION,
  type ReceivedServerMessage,
  ServerMessage,
} from '../../proto/messages.ts'
import type { DspService } from '../../src/server/dsp-service.ts'
import type { Peer, PeerHandler } from '../../src/server/peer.ts'

/** A client of a service without a connection: what it is sent is kept. */
export class RecordingPeer implements Peer {
  readonly address = 'nowhere'
  readonly transport = 'tcp'
  readonly counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  queuedBytes = 0
  isPaused = false
  isClosed = false
  readonly handler: PeerHandler
  readonly #received: ReceivedServerMessage[] = []
  #notify: () => void = () => {}

  constructor(service: DspService, clientName = 'recording peer') {
    this.handler = service.connect(this)
    this.say({ hello: { protocolVersion: PROTOCOL_VERSION, clientName } })
    this.#received.shift()
  }

  say(message: ClientMessage): void {
    this.handler.onMessage(ClientMessage.encode(message).finish())
  }

  /** The next message that it is sent, or was. */
  async next(): Promise<ReceivedServerMessage> {
    for (;;) {
      const message = this.#received.shift()
      if (message !== undefined) return message
      await new Promise<void>((resolve) => {
        this.#notify = resolve
      })
    }
  }

  send(message: Uint8Array): void {
    this.#received.push(decodeServerMessage(message))
    this.#notify()
  }

  sendSamples(
    stream: number,
    sequence: number,
    memory: Uint8Array,
    start: number,
    end: number,
  ): void {
    const samples = { stream, sequence, data: memory.slice(start, end) }
    this.send(ServerMessage.encode({ samples }).finish())
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.isClosed = true
  }
}
