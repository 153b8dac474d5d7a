import { CarillonError, type ErrorCode } from '../errors.ts'

/**
 * A client asked for what the server cannot do. Its code and message go to the client.
 *
 * - `ERR_CARILLON_PROTOCOL`: a message that could not be decoded, or not at this point.
 * - `ERR_CARILLON_MESSAGE_TOO_LARGE`: a message over `Limits.max_message_bytes`.
 * - `ERR_CARILLON_PROTOCOL_VERSION`: a version of the protocol that is not spoken here.
 * - `ERR_CARILLON_HANDSHAKE_TIMEOUT`: nothing was said in time.
 * - `ERR_CARILLON_UNKNOWN_EFFECT`, `ERR_CARILLON_UNKNOWN_PARAMETER`
 * - `ERR_CARILLON_PARAMETER_MISSING`, `ERR_CARILLON_PARAMETER_RANGE`
 * - `ERR_CARILLON_FORMAT`: a sample rate, a number of channels or a block out of range.
 * - `ERR_CARILLON_SEQUENCE`: a block that is not the next one of its stream.
 * - `ERR_CARILLON_LIMIT`: more streams or effects than allowed.
 * - `ERR_CARILLON_UNKNOWN_STREAM`: a stream that this client has not opened.
 * - `ERR_CARILLON_UNKNOWN_CORE`: a core that the server does not have.
 * - `ERR_CARILLON_CORE_LOST`: the core that ran the stream has ended.
 * - `ERR_CARILLON_CORE_FAULT`: its firmware faulted, which lost this stream.
 * - `ERR_CARILLON_CORE_UNAVAILABLE`: no core is running now, or not the one that was asked for.
 * - `ERR_CARILLON_CORE_MEMORY`: the core has no memory left for the effects.
 */
export class ServiceError extends CarillonError {
  /** Whether the connection is closed for it. */
  readonly fatal: boolean

  constructor(code: ErrorCode, message: string, options: { fatal?: boolean } = {}) {
    super(code, message)
    this.fatal = options.fatal ?? false
  }
}

/** uWebSockets.js or the console's built page is missing: `ERR_CARILLON_CONSOLE_UNAVAILABLE`. */
export class ConsoleUnavailableError extends CarillonError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_CONSOLE_UNAVAILABLE', message, options)
  }
}
