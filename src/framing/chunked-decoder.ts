import { FullMessageInfo } from './framing-strategy.ts'
import { lineOf, parseField } from './http-head.ts'
import { HttpRequestError } from './http-request-error.ts'
import { CHUNK_EXTENSION_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX } from './limits.ts'
import { appendBytes } from './message-pieces.ts'

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const SEMICOLON = 0x3b
const DELETE = 0x7f

export interface ChunkedLimits {
  readonly maxBodyBytes: number
  /** Of the trailers, with their line ends. */
  readonly maxHeaderBytes: number
  /** Of the trailers. */
  readonly maxHeaders: number
}

type State = 'size' | 'extension' | 'LF of size' | 'data' | 'CR of data' | 'LF of data' | 'trailers'

/**
 * The body of a request in chunks (RFC 9112, section 7.1), put together without what stands between
 * them. Extensions of chunks, and trailers, are checked and thrown away.
 */
export class ChunkedDecoder {
  readonly #limits: ChunkedLimits
  readonly #messageBytesMax: number
  #state: State | 'whole' = 'size'
  #chunkBytes = 0
  #sizeDigits = 0
  #bodyBytes = 0
  #extensionBytes = 0
  #trailers = 0
  #trailerBytes = 0
  /** What came of a trailer line that is not whole. */
  readonly #line = new FullMessageInfo()

  /** @param headBytes what the message has before its body. */
  constructor(limits: ChunkedLimits, headBytes: number) {
    this.#limits = limits
    this.#messageBytesMax = headBytes + limits.maxBodyBytes
  }

  /** Whether the body has come to its end. */
  get isWhole(): boolean {
    return this.#state === 'whole'
  }

  /**
   * Takes what `bytes` has of the body, from `start` on, into `info`. Returns the position behind it.
   *
   * @throws {HttpRequestError} where it is not a body in chunks, or over a limit.
   */
  take(bytes: Buffer, start: number, info: FullMessageInfo): number {
    let position = start
    while (position < bytes.length && !this.isWhole) {
      if (this.#state === 'data') position = this.#takeData(bytes, position, info)
      else if (this.#state === 'trailers') position = this.#takeTrailer(bytes, position)
      else this.#takeByte(bytes[position++] as number)
    }
    return position
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#takeSizeByte(byte)
        break
      case 'extension':
        this.#takeExtensionByte(byte)
        break
      case 'LF of size':
        if (byte !== LF) throw chunkError('the line with the size of a chunk ends with CR and LF')
        this.#sizeDigits = 0
        this.#state = this.#chunkBytes === 0 ? 'trailers' : 'data'
        break
      case 'CR of data':
        if (byte !== CR) throw chunkError('CR and LF follow a chunk of the size that was given')
        this.#state = 'LF of data'
        break
      case 'LF of data':
        if (byte !== LF) throw chunkError('CR and LF follow a chunk of the size that was given')
        this.#state = 'size'
        break
    }
  }

  #takeSizeByte(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      if (++this.#sizeDigits > CHUNK_SIZE_DIGITS_MAX) {
        throw chunkError(`the size of a chunk has at most ${CHUNK_SIZE_DIGITS_MAX} digits`)
      }
      this.#chunkBytes = this.#chunkBytes * 16 + digit
      return
    }
    if (this.#sizeDigits === 0 || (byte !== CR && byte !== SEMICOLON)) {
      throw chunkError('the size of a chunk is a number in hexadecimal digits')
    }
    if (this.#bodyBytes + this.#chunkBytes > this.#limits.maxBodyBytes) {
      throw tooLarge(`a body has at most ${this.#limits.maxBodyBytes} bytes`)
    }
    this.#bodyBytes += this.#chunkBytes
    this.#state = byte === CR ? 'LF of size' : 'extension'
  }

  #takeExtensionByte(byte: number): void {
    if (byte === CR) {
      this.#state = 'LF of size'
      return
    }
    if (byte === DELETE || (byte < SPACE && byte !== TAB)) {
      throw chunkError('an extension of a chunk has no control characters in it')
    }
    if (++this.#extensionBytes > CHUNK_EXTENSION_BYTES_MAX) {
      throw tooLarge(`the extensions of chunks have at most ${CHUNK_EXTENSION_BYTES_MAX} bytes`)
    }
  }

  #takeData(bytes: Buffer, start: number, info: FullMessageInfo): number {
    const end = Math.min(start + this.#chunkBytes, bytes.length)
    appendBytes(info, bytes, start, end, this.#messageBytesMax)
    this.#chunkBytes -= end - start
    if (this.#chunkBytes === 0) this.#state = 'CR of data'
    return end
  }

  #takeTrailer(bytes: Buffer, start: number): number {
    const found = bytes.indexOf(LF, start) + 1
    const end = found === 0 ? bytes.length : found
    const { maxHeaderBytes, maxHeaders } = this.#limits
    this.#trailerBytes += end - start
    if (this.#trailerBytes > maxHeaderBytes) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_HEADERS_TOO_LARGE',
        `trailers have at most ${maxHeaderBytes} bytes`,
      )
    }
    appendBytes(this.#line, bytes, start, end, maxHeaderBytes)
    if (found === 0) return end
    const line = lineOf(this.#line.buffer, 0, this.#line.filledBytes)
    this.#line.reset()
    if (line === '') {
      this.#state = 'whole'
      return end
    }
    parseField(line)
    if (++this.#trailers > maxHeaders) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_HEADERS_TOO_LARGE',
        `there are at most ${maxHeaders} trailers`,
      )
    }
    return end
  }
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}

function chunkError(message: string): HttpRequestError {
  return new HttpRequestError('ERR_CARILLON_HTTP_CHUNK', message)
}

function tooLarge(message: string): HttpRequestError {
  return new HttpRequestError('ERR_CARILLON_HTTP_BODY_TOO_LARGE', message)
}
