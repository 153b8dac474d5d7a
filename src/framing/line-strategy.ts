import { checkOneOf } from '../arguments.ts'
import { FramingError } from './errors.ts'
import type { SizeLimitOptions } from './limited-strategy.ts'
import { TerminatedStrategy } from './terminated-strategy.ts'

export interface LineOptions extends SizeLimitOptions {
  /** What ends an outgoing line. Default `\n`. */
  readonly lineEnd?: '\n' | '\r\n'
}

const CR = 0x0d
const LF = 0x0a

/**
 * Each message a line, without the `\n` or `\r\n` that ends it. A `\r` anywhere else is a part of
 * the line. An empty line is an empty message.
 */
export class LineStrategy extends TerminatedStrategy {
  readonly #lineEnd: Buffer
  /** Whether the part of the line that came before the chunk ends with one. */
  #endsWithCr = false

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: LineOptions = {}) {
    super(options, 2)
    const { lineEnd = '\n' } = options
    this.#lineEnd = Buffer.from(checkOneOf('lineEnd', lineEnd, ['\n', '\r\n']))
  }

  protected override findEnd(chunk: Buffer, start: number): number {
    const position = chunk.indexOf(LF, start)
    if (position === -1) {
      this.#endsWithCr = chunk[chunk.length - 1] === CR
      return -1
    }
    const hasCr = position > start ? chunk[position - 1] === CR : this.#endsWithCr
    this.#endsWithCr = false
    this.strippedBytes = hasCr ? 2 : 1
    return position + 1
  }

  /**
   * @throws {MessageTooLargeError} where the message is over `maxMessageBytes`.
   * @throws {FramingError} `ERR_CARILLON_MESSAGE_HAS_END` where the message has a `\n` in it, or
   *   ends with a `\r` that would become part of the line's end.
   */
  override encode(message: Uint8Array): Uint8Array[] {
    this.checkOutgoing(message)
    const endsWithCr = message.length > 0 && message[message.length - 1] === CR
    if (message.includes(LF) || (endsWithCr && this.#lineEnd.length === 1)) {
      throw new FramingError('a line has no line end in it', {
        code: 'ERR_CARILLON_MESSAGE_HAS_END',
      })
    }
    return message.length === 0 ? [this.#lineEnd] : [message, this.#lineEnd]
  }
}
