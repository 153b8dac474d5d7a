import { type Logger, pino } from 'pino'
import { checkInteger, checkOneOf } from '../arguments.ts'
import {
  DEFAULT_CLOSE_TIMEOUT_MS,
  DEFAULT_HIGH_WATERMARK_BYTES,
  DEFAULT_MAX_QUEUED_BYTES,
  DEFAULT_STOP_TIMEOUT_MS,
  HIGHEST_MAX_QUEUED_BYTES,
  HIGHEST_TIMEOUT_MS,
  LOW_TO_HIGH_WATERMARK,
} from './limits.ts'
import { NetTransport } from './net-transport.ts'
import type { Transport } from './transport.ts'

export interface TcpEngineOptions {
  /**
   * Most bytes that are queued for one client, and so the most that one `sendData` can send: 1 byte
   * to 1 GiB. Default 4 MiB.
   */
  readonly maxQueuedBytes?: number
  /**
   * What becomes of a client for which more would have been queued. `disconnect`, the default: it
   * is reset, with the reason `slow-client`. `drop-newest`: it stays and misses what was dropped.
   * Either way the drop is counted.
   */
  readonly slowClientPolicy?: 'disconnect' | 'drop-newest'
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
  /** How long a client may take to close once this end did; then it is reset. Default 5,000 ms. */
  readonly closeTimeoutMs?: number
  /** How long `stop` waits for the clients; then they are reset. Default 5,000 ms. */
  readonly stopTimeoutMs?: number
  /**
   * `owned`, the default: a message is the receiver's to keep. `borrowed`: it may be a view into
   * the memory that the transport reads into, valid until `onClientMessage` returns, or reaches its
   * first `await`.
   */
  readonly messages?: 'owned' | 'borrowed'
  /** Whether small packets go out at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean
  /** What carries the bytes; one engine's own. Default Node's `net`. */
  readonly transport?: Transport
  /** Where the log goes. Default nowhere. */
  readonly logger?: Logger
}

/** @throws {ArgumentError} where an option is out of its range. */
export function resolveOptions(options: TcpEngineOptions): Required<TcpEngineOptions> {
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
    slowClientPolicy: checkOneOf('slowClientPolicy', options.slowClientPolicy ?? 'disconnect', [
      'disconnect',
      'drop-newest',
    ]),
    highWatermarkBytes,
    lowWatermarkBytes,
    closeTimeoutMs: checkTimeout(
      'closeTimeoutMs',
      options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS,
    ),
    stopTimeoutMs: checkTimeout('stopTimeoutMs', options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS),
    messages: checkOneOf('messages', options.messages ?? 'owned', ['owned', 'borrowed']),
    noDelay: options.noDelay ?? true,
    transport: options.transport ?? new NetTransport(),
    logger: options.logger ?? silentLogger(),
  }
}

function checkTimeout(name: string, value: number): number {
  return checkInteger(name, value, 0, HIGHEST_TIMEOUT_MS)
}

function silentLogger(): Logger {
  // With a stream of its own: pino would open standard output, even to write nothing to it.
  return pino({ level: 'silent' }, { write() {} })
}
