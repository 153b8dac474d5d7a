import type { ClientCounters } from './client-counters.ts'
import type { HookResult } from './session-host.ts'

/**
 * What became of data to send.
 *
 * - `sent`: nothing is in its way. Over `net` the kernel has taken it. Over `epoll` it is offered to
 *   the kernel when the turn ends; where that has no room for all of it then, the rest is queued
 *   after all: `queuedBytes` and `isAboveHighWatermark` show it, and `onClientDrain` follows as for
 *   any other. Under TLS nothing is ever `sent`.
 * - `queued`: it follows as the peer reads.
 * - `dropped`: nothing of it will be sent.
 */
export type SendResult = 'sent' | 'queued' | 'dropped'

/**
 * One connection of a `TcpEngine`. Valid from `onClientConnected` on; after `onClientDisconnected`
 * every call is harmless and sends nothing. To keep something with a client, keep a `Map` by client
 * or by `id` and take it out in `onClientDisconnected`.
 *
 * No method calls a hook: hooks run after the call, from the event loop.
 */
export interface TcpClient {
  /** 1 for an engine's first client, and never used again by that engine. */
  readonly id: number
  /** The peer, for example `127.0.0.1:49152`. */
  readonly remoteAddress: string
  /** Whether `sendData` can send: from the connect until `close`, `reset` or the peer's end. */
  readonly isOpen: boolean
  /** Whether `pause` was called, and `resume` was not called since. */
  readonly isPaused: boolean
  /** Whether it is not read from because a client that it feeds is slow: `pauseFor`, `pause-source`. */
  readonly isHeld: boolean
  /** Bytes accepted by `sendData` that the kernel has not taken yet. */
  readonly queuedBytes: number
  /**
   * Whether `queuedBytes` went over `highWatermarkBytes` and has not fallen to `lowWatermarkBytes`
   * since; a message dropped for want of room sets it as well. `onClientDrain` follows when it has.
   */
  readonly isAboveHighWatermark: boolean
  /**
   * Messages dropped so far: calls answered `dropped`, and older messages that `drop-oldest` took
   * out. Where it has grown, the peer misses something.
   */
  readonly droppedMessages: number

  /**
   * Sends the chunks as they are, in order, as one unit: all or nothing of them is accepted.
   *
   * After an answer of `queued` the chunks belong to the engine: do not change them, and do not give
   * their memory away. After `sent` that holds for what lies in a borrowed message or in memory that
   * is registered with the reactor, until the turn ends: over `epoll` it goes out from there. A
   * borrowed message may be sent on within its hook.
   *
   * @returns `dropped` where the client is no longer open, or where `queuedBytes` would pass
   *   `maxQueuedBytes`, or the messages that wait `maxQueuedMessages`, and `slowClientPolicy` makes
   *   no room.
   */
  sendData(...chunks: readonly Uint8Array[]): SendResult

  /**
   * As `sendData`, of chunks that are the caller's again when this returns, whatever the answer: what
   * has to wait is copied. For memory that is used again and again, such as a ring.
   */
  sendCopy(...chunks: readonly Uint8Array[]): SendResult

  /**
   * As `sendData`, of `head` and the bytes from `start` to `end` of `memory`. `head` is the caller's
   * again when this returns, and so is the other where it does not lie in memory that is registered with
   * the reactor. Where it does, it is not changed until the turn ends or `Reactor.flush` has returned,
   * whatever the answer: over `epoll` it goes out from there, together with what else its client is
   * sent until then.
   *
   * @throws {ArgumentError} where one is no Uint8Array, or the bytes do not lie in `memory`.
   */
  sendLent(head: Uint8Array, memory: Uint8Array, start: number, end: number): SendResult

  /**
   * Frames `message` with the client's framing strategy and sends it, as `sendData` does.
   *
   * @throws {StateError} `ERR_CARILLON_NO_FRAME` where the strategy has no `encode`.
   * @throws {CarillonError} where the message does not fit the frame.
   */
  sendMessage(message: Uint8Array): SendResult

  /**
   * As `sendData`, of large data out of memory that is kept still: over `epoll` the kernel sends
   * each chunk of 16 KiB or more from where it lies (MSG_ZEROCOPY). Smaller ones, and all where that
   * is not possible (docs/engine.md says where), it copies, as over any other transport.
   *
   * Until `onReleased` the memory is not changed, given away or unmapped, whatever the answer: what
   * is in it when a packet is sent, or sent again, is what the peer gets.
   *
   * @param data one chunk or several: one message.
   * @param onReleased called once, from the event loop and never from inside a call: when the kernel
   *   has finished with the memory, which can be as late as the peer's acknowledgement, or nothing
   *   of it is sent any more; perhaps after `onClientDisconnected`, and after `TcpEngine.stop` has
   *   resolved. It is called like a hook: where it throws, its client is closed.
   * @throws {ArgumentError} where a chunk is no Uint8Array. `onReleased` is not called then.
   */
  sendZeroCopy(data: Uint8Array | readonly Uint8Array[], onReleased: () => HookResult): SendResult

  /**
   * Stops reading. No message follows until `resume`, not even one that has arrived already: what
   * is left of it, at most one chunk, is kept. A peer that closes, or breaks off, may go unnoticed
   * until `resume`.
   */
  pause(): void
  /**
   * Stops reading as `pause` does, but in front of the message that is being handled:
   * `onClientMessage` gets it again, as the first after `resume`. For who finds no room for it: it stays
   * where it is, and counts as received when it is handled. Only while the client's own
   * `onClientMessage` runs, up to its first `await`.
   *
   * @returns false, and nothing is changed, where that is not possible: elsewhere, and where the
   *   message came in pieces and was put together.
   */
  putBack(): boolean
  /** Reads on, what was kept first. */
  resume(): void
  /**
   * Where `slow` is above its high watermark, does not read from this client until `slow` has fallen
   * to the low one or is gone: what the policy `pause-source` does by itself for what is sent within
   * `onClientMessage`, here for what is sent from elsewhere, and under any policy. `slow` may be
   * this client, or one of another engine. `pause` and `resume` are apart from it: this client is
   * read from when neither holds it back.
   *
   * @returns whether it is held back for `slow` now.
   * @throws {ArgumentError} where `slow` is no client of a `TcpEngine`.
   */
  pauseFor(slow: TcpClient): boolean

  /**
   * Closes in good order: sends what is queued, then a FIN, and waits for the peer's. What still
   * arrives is discarded, so that unread input does not make the kernel answer with a RST that
   * destroys the last message on its way. After `closeTimeoutMs` the connection is reset.
   */
  close(): void
  /** Breaks the connection off, with a RST: what is queued is lost. */
  reset(): void

  /** A copy of the counters as they stand. */
  stats(): ClientCounters
}
