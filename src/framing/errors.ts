import { CarillonError, type ErrorCode } from '../errors.ts'

export interface FramingErrorOptions extends ErrorOptions {
  /** Default `ERR_CARILLON_FRAMING`. */
  readonly code?: ErrorCode
}

/**
 * The bytes of a connection are not what its strategy expects, the strategy does not keep to the
 * contract of `IFramingStrategy`, or an outgoing message cannot be framed. `ERR_CARILLON_FRAMING`,
 * or where it is known better:
 *
 * | code                                 |                                                         |
 * | ------------------------------------ | ------------------------------------------------------- |
 * | `ERR_CARILLON_FRAME_LENGTH`          | a length that no frame can have                         |
 * | `ERR_CARILLON_VARINT`                | a size in front of a message that is no 32-bit varint   |
 * | `ERR_CARILLON_COBS`                  | a COBS frame whose blocks do not fill it                |
 * | `ERR_CARILLON_MESSAGE_HAS_END`       | an outgoing message that would end its frame too early  |
 * | `ERR_CARILLON_NO_FRAME`              | the options leave no way to frame outgoing messages     |
 *
 * The codes of `HttpRequestError`, a subclass, are in `HTTP_REQUEST_ERRORS`.
 */
export class FramingError extends CarillonError {
  constructor(message: string, options: FramingErrorOptions = {}) {
    super(options.code ?? 'ERR_CARILLON_FRAMING', message, options)
  }
}

/**
 * A message is longer than its strategy allows, incoming or outgoing:
 * `ERR_CARILLON_MESSAGE_TOO_LARGE`.
 */
export class MessageTooLargeError extends CarillonError {
  /** What the message has, or what its header announces; undefined where only its end would tell. */
  readonly messageBytes: number | undefined
  readonly maxMessageBytes: number

  constructor(messageBytes: number | undefined, maxMessageBytes: number) {
    const message = messageBytes === undefined ? 'a message' : `a message of ${messageBytes} bytes`
    super(
      'ERR_CARILLON_MESSAGE_TOO_LARGE',
      `${message} is over the limit of ${maxMessageBytes} bytes`,
    )
    this.messageBytes = messageBytes
    this.maxMessageBytes = maxMessageBytes
  }
}
