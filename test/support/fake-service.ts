import { type ClientMessage, decodeClientMessage, ServerMessage } from '../../proto/messages.ts'
import type { Peer, PeerHandler } from '../../src/server/peer.ts'

type Telemetry = NonNullable<ServerMessage['telemetry']>

/** As often as the real service. */
const TICKS_PER_S = 10

export interface FakeServiceOptions {
  readonly session?: number
  readonly server?: string
  readonly source?: string
  readonly sampleRateHz?: number
  readonly channels?: number
  /** The sound: amplitude of a channel at a time. Default: a sine of 440 Hz, at -6 dB. */
  readonly sound?: (timeS: number, channel: number) => number
  /** What is reported at a time since the start; `uptimeS` is filled in. */
  readonly telemetry?: (uptimeS: number) => Telemetry
}

/**
 * Stands for the service behind the gateway: greets, and sends each page that subscribes telemetry
 * and a sound, ten times a second.
 */
export class FakeService {
  readonly peers = new Set<Peer>()
  readonly received: ClientMessage[] = []
  readonly #options: Required<FakeServiceOptions>
  #timer: NodeJS.Timeout | undefined
  readonly #subscribers = new Set<Peer>()
  readonly #watchers = new Set<() => void>()
  #tick = 0

  constructor(options: FakeServiceOptions = {}) {
    this.#options = {
      session: 0x1234abcd,
      server: 'carillon/0.1.0',
      source: 'plucked string',
      sampleRateHz: 48_000,
      channels: 1,
      sound: (timeS) => 0.5 * Math.sin(2 * Math.PI * 440 * timeS),
      telemetry: () => ({}),
      ...options,
    }
  }

  /** The clock begins to tick. */
  start(): void {
    this.#timer = setInterval(() => this.#broadcast(), 1000 / TICKS_PER_S)
  }

  /** No further ticks. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** Resolves at the first tick after which `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  readonly connect = (peer: Peer): PeerHandler => {
    this.peers.add(peer)
    return {
      onMessage: (bytes) => this.#answer(peer, decodeClientMessage(bytes)),
      onDrain: () => {},
      onError: () => peer.close(),
      onClose: () => {
        this.peers.delete(peer)
        this.#subscribers.delete(peer)
      },
    }
  }

  send(peer: Peer, message: ServerMessage): void {
    peer.send(ServerMessage.encode(message).finish())
  }

  #answer(peer: Peer, message: ClientMessage): void {
    this.received.push(message)
    const { request = 0 } = message
    if (message.hello) {
      const { session, server } = this.#options
      this.send(peer, { request, welcome: { protocolVersion: 1, session, server } })
    } else if (message.subscribe) {
      this.#subscribers.add(peer)
      this.send(peer, { request, subscribed: {} })
    }
  }

  #broadcast(): void {
    const { source, sampleRateHz, channels, sound, telemetry } = this.#options
    const uptimeS = this.#tick / TICKS_PER_S
    const frames = sampleRateHz / TICKS_PER_S
    const first = this.#tick * frames
    const samples = Float32Array.from({ length: frames * channels }, (_, i) =>
      sound((first + Math.floor(i / channels)) / sampleRateHz, i % channels),
    )
    this.#tick++
    for (const peer of this.#subscribers) {
      this.send(peer, { telemetry: { ...telemetry(uptimeS), uptimeS } })
      const data = new Uint8Array(samples.buffer)
      this.send(peer, { scope: { source, sampleRateHz, channels, data } })
    }
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
  }
}
