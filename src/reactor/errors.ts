import { CarillonError } from '../errors.ts'
import { systemReason } from '../system-reason.ts'
import type { ListenAddress } from './transport.ts'

/** An engine could not listen: `ERR_CARILLON_LISTEN`. `cause` is the system's error. */
export class ListenError extends CarillonError {
  readonly address: ListenAddress

  constructor(address: ListenAddress, cause: unknown) {
    super(
      'ERR_CARILLON_LISTEN',
      `cannot listen on ${address.host} port ${address.port}: ${systemReason(cause)}`,
      { cause },
    )
    this.address = address
  }
}

/** Which limit it is that leaves no descriptors, by the system's code. */
const DESCRIPTOR_LIMITS = {
  EMFILE: 'this process has as many open files as it may: ulimit -n says how many, and raises it',
  ENFILE:
    'the system has as many open files as it may: /proc/sys/fs/file-max says how many, and raises it',
} as const

/**
 * The system has no descriptor left for an eventfd, a timer, a socket pair, a connection or an epoll
 * instance: `ERR_CARILLON_DESCRIPTORS`. The message names the limit; `cause` is the system's error (`EMFILE`,
 * `ENFILE`).
 */
export class DescriptorsError extends CarillonError {
  constructor(limit: keyof typeof DESCRIPTOR_LIMITS, cause: unknown) {
    const syscall = cause instanceof Error && 'syscall' in cause ? `${cause.syscall}: ` : ''
    super('ERR_CARILLON_DESCRIPTORS', `${syscall}${DESCRIPTOR_LIMITS[limit]}`, { cause })
  }
}

/**
 * A call came when it cannot be answered.
 *
 * - `ERR_CARILLON_STATE`: the engine is not in the state that the call needs.
 * - `ERR_CARILLON_NO_EPOLL`: a reactor where there is no Linux or no native addon.
 * - `ERR_CARILLON_NO_FRAME`: `sendMessage` where the framing strategy has no `encode`.
 */
export class StateError extends CarillonError {}

/**
 * Something went wrong with one client, which is disconnected, or did not become one.
 *
 * - `ERR_CARILLON_HOOK`: a hook threw, or its promise was rejected; `cause` is what it threw.
 * - `ERR_CARILLON_SLOW_CLIENT`: more would have been queued for it than `maxQueuedBytes`.
 * - `ERR_CARILLON_CONNECTION_LOST`: the connection broke; `cause` is the system's error.
 * - `ERR_CARILLON_DETACHED`: what was to be sent to it is gone, because the memory that it lay in was
 *   transferred or resized meanwhile.
 * - `ERR_CARILLON_CLOSE_TIMEOUT`: it was not closed from the other end in the time allowed.
 * - `ERR_CARILLON_IDLE_TIMEOUT`, `ERR_CARILLON_HANDSHAKE_TIMEOUT`, `ERR_CARILLON_MESSAGE_TIMEOUT`: it
 *   was silent for `idleTimeoutMs`, or a message was not whole within `handshakeTimeoutMs` or
 *   `messageTimeoutMs`.
 * - `ERR_CARILLON_TLS_HANDSHAKE`: its handshake failed or took too long, or there were too many;
 *   `cause` is what Node's `tls` said.
 */
export class ClientError extends CarillonError {}

/** What a connection ends with whose unsent bytes are there no longer. */
export function detached(): ClientError {
  return new ClientError(
    'ERR_CARILLON_DETACHED',
    'bytes that were to be sent are gone: their memory was transferred or resized before they were sent',
  )
}

/** For a transport that is given to two engines. */
export function listensAlready(): StateError {
  return new StateError(
    'ERR_CARILLON_STATE',
    'this transport listens already; each engine needs one of its own',
  )
}
