import { type Logger, pino } from 'pino'
import { checkInteger, checkOneOf } from '../arguments.ts'
import { checkCapacity } from '../shm/ring-geometry.ts'
import { defaultTransport } from './default-transport.ts'
import {
  DEFAULT_CLOSE_TIMEOUT_MS,
  DEFAULT_HIGH_WATERMARK_BYTES,
  DEFAULT_MAX_QUEUED_BYTES,
  DEFAULT_MAX_QUEUED_MESSAGES,
  DEFAULT_SENDER_RING_BYTES,
  DEFAULT_STOP_TIMEOUT_MS,
  HIGHEST_MAX_QUEUED_BYTES,
  HIGHEST_MAX_QUEUED_MESSAGES,
  HIGHEST_TIMEOUT_MS,
  LOW_TO_HIGH_WATERMARK,
} from './limits.ts'
import type { Transport } from './transport.ts'

export const SLOW_CLIENT_POLICIES = [
  'disconnect',
  'drop-newest',
  'drop-oldest',
  'pause-source',
] as const

export type SlowClientPolicy = (typeof SLOW_CLIENT_POLICIES)[number]

/**
 * Time limits are in ms, at most 2,147,483,647. Those on a client never come early, and late by a
 * quarter or 100 ms at most, whichever is more; time in which the process is busy with something
 * else does not count. Nor does time in which this end does not read from the client, except for
 * `idleTimeoutMs` while something is queued for it.
 */
export interface TcpEngineOptions {
  /**
   * Most bytes that are queued for one client, and so the most that one `sendData` can send: 1 byte
   * to 1 GiB. Default 4 MiB.
   */
  readonly maxQueuedBytes?: number
  /**
   * Most messages that wait for one client behind those which the connection has: 1 to 16,777,216.
   * Default 65,536. One more is treated as one that is over `maxQueuedBytes`.
   */
  readonly maxQueuedMessages?: number
  /**
   * What becomes of a client for which more would have been queued. It stays, except with
   * `disconnect`, and every drop is counted.
   *
   * - `disconnect`, the default: it is reset, with the reason `slow-client`.
   * - `drop-newest`: what does not fit is dropped.
   * - `drop-oldest`: whole messages of which nothing has been sent yet are dropped, the oldest
   *   first, until what is new fits. Where it never would, it is dropped itself.
   * - `pause-source`: above the high watermark, the client whose message is being handled is not
   *   read from until the slow one has fallen to the low watermark, or is gone. That may be the
   *   same client, as in an echo. What is sent nevertheless and does not fit is dropped. See
   *   `TcpClient.pauseFor` for what is sent outside of `onClientMessage`.
   */
  readonly slowClientPolicy?: SlowClientPolicy
  /**
   * Queued bytes over which `isAboveHighWatermark` is set: 0 to `maxQueuedBytes`. Default a quarter
   * of `maxQueuedBytes`, at most 1 MiB.
   */
  readonly highWatermarkBytes?: number
  /**
   * Queued bytes at which it is cleared again, and `onClientDrain` called: 0 to
   * `highWatermarkBytes`. Default a quarter of that.
   */
  readonly lowWatermarkBytes?: number
  /**
   * How long nothing may be received from a client while nothing sent to it is taken by the kernel
   * either. Then it is closed, with the reason `idle-timeout`. Default 0: for ever.
   */
  readonly idleTimeoutMs?: number
  /**
   * How long after connecting a client may take for its first whole message. Then it is closed,
   * with the reason `handshake-timeout`. Default 0: for ever.
   */
  readonly handshakeTimeoutMs?: number
  /**
   * How long a client may take for the rest of a message that it has begun. Then it is closed, with
   * the reason `message-timeout`. Default 0: for ever.
   */
  readonly messageTimeoutMs?: number
  /**
   * How long a client may take to close once this end did; then it is reset. Default 5,000 ms. With 0
   * it has the 0.1 s until the next look at it.
   */
  readonly closeTimeoutMs?: number
  /**
   * How long `stop` waits for the clients; then they are reset. Default 5,000 ms. With 0 that is in
   * the next turn of the loop: what the kernel has not taken by then is lost, and counted.
   */
  readonly stopTimeoutMs?: number
  /**
   * `owned`, the default: a message is the receiver's to keep. `borrowed`: it may be a view into
   * the memory that the transport reads into, valid until `onClientMessage` returns, or reaches its
   * first `await`.
   */
  readonly messages?: 'owned' | 'borrowed'
  /**
   * Room for the messages of other threads, see `TcpEngine.sender`: a power of two from 16 KiB to
   * 1 GiB. Default 4 MiB. The longest of them is a quarter of it.
   */
  readonly senderRingBytes?: number
  /** Whether small packets go out at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean
  /**
   * What carries the bytes; one engine's own: a second one does not start on it while the first
   * runs. Default `EpollTransport`, and `NetTransport` where
   * there is no epoll.
   */
  readonly transport?: Transport
  /**
   * Where the log goes. Default nowhere, but for what a hook throws: that is then a process warning.
   */
  readonly logger?: Logger
}

/** @throws {ArgumentError} where an option is out of its range. */
export function resolveOptions(options: TcpEngineOptions): Required<TcpEngineOptions> {
  const logger = options.logger ?? silentLogger()
  const senderRingBytes = options.senderRingBytes ?? DEFAULT_SENDER_RING_BYTES
  checkCapacity(senderRingBytes)
  const maxQueuedBytes = checkInteger(
    'maxQueuedBytes',
    options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES,
    1,
    HIGHEST_MAX_QUEUED_BYTES,
  )
  const highWatermarkBytes = checkInteger(
    'highWatermarkBytes',
    options.highWatermarkBytes ??
      Math.min(DEFAULT_HIGH_WATERMARK_BYTES, Math.floor(maxQueuedBytes / 4)),
    0,
    maxQueuedBytes,
  )
  const lowWatermarkBytes = checkInteger(
    'lowWatermarkBytes',
    options.lowWatermarkBytes ?? Math.floor(highWatermarkBytes * LOW_TO_HIGH_WATERMARK),
    0,
    highWatermarkBytes,
  )
  return {
    maxQueuedBytes,
    maxQueuedMessages: checkInteger(
      'maxQueuedMessages',
      options.maxQueuedMessages ?? DEFAULT_MAX_QUEUED_MESSAGES,
      1,
      HIGHEST_MAX_QUEUED_MESSAGES,
    ),
    slowClientPolicy: checkOneOf(
      'slowClientPolicy',
      options.slowClientPolicy ?? 'disconnect',
      SLOW_CLIENT_POLICIES,
    ),
    highWatermarkBytes,
    lowWatermarkBytes,
    idleTimeoutMs: checkTimeout('idleTimeoutMs', options.idleTimeoutMs ?? 0),
    handshakeTimeoutMs: checkTimeout('handshakeTimeoutMs', options.handshakeTimeoutMs ?? 0),
    messageTimeoutMs: checkTimeout('messageTimeoutMs', options.messageTimeoutMs ?? 0),
    closeTimeoutMs: checkTimeout(
      'closeTimeoutMs',
      options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS,
    ),
    stopTimeoutMs: checkTimeout('stopTimeoutMs', options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS),
    messages: checkOneOf('messages', options.messages ?? 'owned', ['owned', 'borrowed']),
    senderRingBytes,
    noDelay: options.noDelay ?? true,
    transport: options.transport ?? defaultTransport(logger),
    logger,
  }
}

function checkTimeout(name: string, value: number): number {
  return checkInteger(name, value, 0, HIGHEST_TIMEOUT_MS)
}

function silentLogger(): Logger {
  // With a stream of its own: pino would open standard output, even to write nothing to it.
  return pino({ level: 'silent' }, { write() {} })
}
