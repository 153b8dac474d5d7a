import { DelimiterMatcher } from './delimiter-matcher.ts'
import { FramingError } from './errors.ts'
import type { SizeLimitOptions } from './limited-strategy.ts'
import { TerminatedStrategy } from './terminated-strategy.ts'

/** Bytes, or a text in UTF-8. */
export type Delimiter = Uint8Array | string

export interface DelimiterOptions extends SizeLimitOptions {
  /**
   * What ends a message: one delimiter or several, together 1 to 255 bytes. Outgoing messages get
   * the first. None may be inside another, other than at its end.
   */
  readonly delimiter: Delimiter | readonly Delimiter[]
  /** Whether the message comes without its delimiter. Default true. */
  readonly stripDelimiter?: boolean
}

/**
 * Each message in front of a delimiter, as Netty's `DelimiterBasedFrameDecoder` reads them. What is
 * found first counts; where two delimiters end at the same byte, the longer one. Nothing between two
 * delimiters is a message, an empty one.
 *
 * `maxMessageBytes` is without the delimiter that is stripped, and with the one that is kept.
 */
export class DelimiterStrategy extends TerminatedStrategy {
  readonly #delimiter: Uint8Array
  readonly #strips: boolean
  readonly #matcher: DelimiterMatcher

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: DelimiterOptions) {
    const { delimiter, stripDelimiter = true } = options
    const several =
      typeof delimiter === 'string' || delimiter instanceof Uint8Array ? [delimiter] : delimiter
    const delimiters = several.map((one) => Buffer.from(one))
    const matcher = new DelimiterMatcher(delimiters)
    super(options, stripDelimiter ? matcher.longestBytes : 0)
    this.#matcher = matcher
    this.#delimiter = delimiters[0] ?? Buffer.alloc(0)
    this.#strips = stripDelimiter
  }

  protected override findEnd(chunk: Buffer, start: number): number {
    const end = this.#matcher.find(chunk, start)
    if (this.#strips) this.strippedBytes = this.#matcher.foundBytes
    return end
  }

  /**
   * Puts the first delimiter behind the message. Where delimiters are kept in messages, the message
   * has to have one, and is the frame.
   *
   * @throws {MessageTooLargeError} where the message is over `maxMessageBytes`.
   * @throws {FramingError} `ERR_CARILLON_MESSAGE_HAS_END` where the frame would not end with it:
   *   a delimiter is in the message, or begins there; or, where it is to have one, is not at its end.
   */
  override encode(message: Uint8Array): Uint8Array[] {
    this.checkOutgoing(message)
    if (this.#strips) {
      const pieces = [message, this.#delimiter]
      if (this.#matcher.endOf(pieces) === this.#delimiter.length) return pieces
    } else if (this.#matcher.endOf([message]) > 0) {
      return [message]
    }
    throw new FramingError(
      this.#strips
        ? 'a message has no delimiter in it, and makes none with the one behind it'
        : 'a message ends with its delimiter, and has no other in it',
      { code: 'ERR_CARILLON_MESSAGE_HAS_END' },
    )
  }
}
