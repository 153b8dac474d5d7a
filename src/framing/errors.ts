import { CarillonError } from '../errors.ts'

/**
 * The bytes of a connection are not what its strategy expects, or the strategy does not keep to
 * the contract of `IFramingStrategy`: `ERR_CARILLON_FRAMING`.
 */
export class FramingError extends CarillonError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_FRAMING', message, options)
  }
}

/**
 * A message is longer than its strategy allows, incoming or outgoing:
 * `ERR_CARILLON_MESSAGE_TOO_LARGE`.
 */
export class MessageTooLargeError extends CarillonError {
  /** What the message has, or what its header announces. */
  readonly messageBytes: number
  readonly maxMessageBytes: number

  constructor(messageBytes: number, maxMessageBytes: number) {
    super(
      'ERR_CARILLON_MESSAGE_TOO_LARGE',
      `a message of ${messageBytes} bytes is over the limit of ${maxMessageBytes} bytes`,
    )
    this.messageBytes = messageBytes
    this.maxMessageBytes = maxMessageBytes
  }
}
