/** A connected client as the service sees it, whatever carries its messages. */
export interface Peer {
  /** For logs and the console, for example `127.0.0.1:49152`. */
  readonly address: string
  readonly transport: 'tcp' | 'websocket'
  /** Bytes sent that the kernel has not taken yet. */
  readonly queuedBytes: number
  readonly counters: PeerCounters
  /** Sends one encoded ServerMessage. A peer that is gone takes nothing. */
  send(message: Uint8Array): void
  /**
   * Sends a ServerMessage with samples: the bytes from `start` to `end` of `memory`, at least one. They
   * are the caller's again when this returns; in memory that is registered with the reactor, once that
   * is flushed.
   */
  sendSamples(
    stream: number,
    sequence: number,
    memory: Uint8Array,
    start: number,
    end: number,
  ): void
  /** No further messages until `resume`. */
  pause(): void
  /**
   * As `pause`, in front of the message that is being handled, which comes again. False, and nothing
   * is changed, where that is not possible. Absent where it never is.
   */
  putBack?(): boolean
  resume(): void
  /** Sends what is queued, then closes. */
  close(): void
}

export interface PeerCounters {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/**
 * What a {@link Peer}'s carrier calls. The first message has a time limit, `HANDSHAKE_TIMEOUT_MS`,
 * of which the carrier takes care.
 */
export interface PeerHandler {
  /** One encoded ClientMessage, valid until the call returns. */
  onMessage(message: Uint8Array): void
  /** The peer's queue has fallen low enough to send on. */
  onDrain(): void
  /** The peer sent what is no message, or nothing in time: it gets the error, and is closed. */
  onError(error: Error): void
  /** The peer is gone. The last call. */
  onClose(): void
}
