import { checkInteger, checkOneOf } from '../arguments.ts'
import { CarillonError } from '../errors.ts'
import { ChunkedDecoder } from './chunked-decoder.ts'
import { EMPTY_BUFFER, type FullMessageInfo, type IFramingStrategy } from './framing-strategy.ts'
import { HttpHead } from './http-head.ts'
import { HttpRequest, rememberHttpRequest } from './http-request.ts'
import { HttpRequestError } from './http-request-error.ts'
import {
  DEFAULT_MAX_HEADER_BYTES,
  DEFAULT_MAX_HEADERS,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_MAX_REQUEST_LINE_BYTES,
  HIGHEST_MAX_HEAD_BYTES,
  HIGHEST_MAX_HEADERS,
  HIGHEST_MAX_MESSAGE_BYTES,
} from './limits.ts'
import { appendBytes, completePieces } from './message-pieces.ts'

export interface HttpRequestOptions {
  /** Longest request line, without its end: 16 to 2^20 bytes. Default 8 KiB. Else a 414. */
  readonly maxRequestLineBytes?: number
  /**
   * Most that the headers have together, with their line ends and the empty line: 2 to 2^20 bytes.
   * Default 16 KiB. Else a 431. Trailers may have as much again.
   */
  readonly maxHeaderBytes?: number
  /** Most headers: 1 to 10,000. Default 100. Else a 431. Of trailers as many again. */
  readonly maxHeaders?: number
  /** Longest body, decoded: 0 to 2^30-1 less 2^21 bytes. Default 1 MiB. Else a 413. */
  readonly maxBodyBytes?: number
  /**
   * What a request does that expects to be told whether to send its body (`Expect: 100-continue`).
   * `refuse`, the default: an error, a 417, upon which clients send the request without asking.
   * `ask`: its head is a message of its own, whose request has `awaitsContinue`; the application
   * answers with `encodeHttpResponse({ status: 100 })`, and the whole request follows as another
   * message; or with the final response, and closes.
   */
  readonly expectContinue?: 'refuse' | 'ask'
}

const LF = 0x0a
const CR = 0x0d
const LINE_END_BYTES = 2
/** RFC 9112, section 2.2: at least one empty line before a request is to be overlooked. */
const EMPTY_LINES_MAX = 1

/**
 * Requests of HTTP/1.0 and HTTP/1.1 (RFC 9112), one behind the other as they come. The message is
 * the request: request line and headers as they came, and the body, with `chunked` decoded;
 * `parseHttpRequest` gives its parts, without reading it again.
 *
 * It is strict. What another server could read in another way (several lengths, a length and a
 * transfer coding, lines that end with LF alone, lines that go on, spaces before a colon…) is refused
 * with an `HttpRequestError`, whose `status` is for `onClientError` to answer. A limit that is passed
 * is such an error as well; there is no skipping of requests.
 *
 * Trailers and extensions of chunks are checked and thrown away. There is no `encode`: a response is
 * made by `encodeHttpResponse` and sent by `sendData`. Whatever follows an upgrade or a CONNECT would
 * be read as a request: answer these with an error.
 */
export class HttpRequestStrategy implements IFramingStrategy {
  readonly maxRequestLineBytes: number
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly maxBodyBytes: number
  readonly #asks: boolean

  #state: 'head' | 'body' | 'chunks' = 'head'
  #head = new HttpHead()
  #emptyLines = 0
  /** Of the lines of the head that are whole. */
  #headBytes = 0
  #requestLineBytes = 0
  /** Head and body, where the length of that is known. */
  #messageBytes = 0
  #isToAsk = false
  #chunks: ChunkedDecoder | undefined
  /** The head of a request whose client was asked to wait. */
  #askedHead = EMPTY_BUFFER

  /** @throws {ArgumentError} where an option is out of its range. */
  constructor(options: HttpRequestOptions = {}) {
    const {
      maxRequestLineBytes = DEFAULT_MAX_REQUEST_LINE_BYTES,
      maxHeaderBytes = DEFAULT_MAX_HEADER_BYTES,
      maxHeaders = DEFAULT_MAX_HEADERS,
      maxBodyBytes = DEFAULT_MAX_MESSAGE_BYTES,
      expectContinue = 'refuse',
    } = options
    const highest = HIGHEST_MAX_HEAD_BYTES
    const highestBody = HIGHEST_MAX_MESSAGE_BYTES - 2 * highest
    this.maxRequestLineBytes = checkInteger('maxRequestLineBytes', maxRequestLineBytes, 16, highest)
    this.maxHeaderBytes = checkInteger('maxHeaderBytes', maxHeaderBytes, 2, highest)
    this.maxHeaders = checkInteger('maxHeaders', maxHeaders, 1, HIGHEST_MAX_HEADERS)
    this.maxBodyBytes = checkInteger('maxBodyBytes', maxBodyBytes, 0, highestBody)
    this.#asks = checkOneOf('expectContinue', expectContinue, ['refuse', 'ask']) === 'ask'
  }

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.processDataAt(chunk, 0, info)
  }

  processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    try {
      return this.#take(chunk, start, info) - start
    } catch (error) {
      if (!(error instanceof CarillonError)) throw error
      info.error = error
      return -1
    }
  }

  /** Takes bytes towards one message. Returns the position behind them. */
  #take(chunk: Buffer, start: number, info: FullMessageInfo): number {
    if (this.#state === 'head') {
      const position = this.#takeHead(chunk, start, info)
      const hasBody = this.#state !== 'head' && !info.complete
      return hasBody ? this.#takeBody(chunk, position, info) : position
    }
    if (info.filledBytes === 0) {
      appendBytes(info, this.#askedHead, 0, this.#headBytes, this.#messageBytesMax)
      this.#askedHead = EMPTY_BUFFER
    }
    return this.#takeBody(chunk, start, info)
  }

  get #messageBytesMax(): number {
    return this.maxRequestLineBytes + LINE_END_BYTES + this.maxHeaderBytes + this.maxBodyBytes
  }

  /** Takes lines until the head is whole; then the body as well, where that lies in the chunk. */
  #takeHead(chunk: Buffer, start: number, info: FullMessageInfo): number {
    // It is read where it lies in the chunk, unless a part of it came before.
    const isInPieces = info.filledBytes > 0
    let position = start
    while (position < chunk.length) {
      const lineStart = isInPieces ? this.#headBytes : position
      const found = chunk.indexOf(LF, position) + 1
      const end = found === 0 ? chunk.length : found
      const lineBytes = end - position + (isInPieces ? info.filledBytes - lineStart : 0)
      this.#checkLineBytes(lineBytes, found !== 0)
      if (isInPieces) appendBytes(info, chunk, position, end, this.#messageBytesMax)
      position = end
      if (found === 0) break
      const bytes = isInPieces ? info.buffer : chunk
      if (this.#isEmptyLineInFront(bytes, lineStart, lineBytes)) {
        info.reset()
        return position
      }
      if (this.#takeLine(bytes, lineStart, lineBytes)) {
        if (!isInPieces && this.#takeWhole(chunk, start, info)) return start + this.#messageBytes
        if (!isInPieces) appendBytes(info, chunk, start, position, this.#messageBytesMax)
        this.#beginBody(info)
        return position
      }
    }
    if (!isInPieces) appendBytes(info, chunk, start, position, this.#messageBytesMax)
    return position
  }

  /** @throws {HttpRequestError} where the line is too long, whatever follows. */
  #checkLineBytes(lineBytes: number, isWhole: boolean): void {
    if (!this.#head.isFresh) {
      const headerBytes = this.#headBytes - this.#requestLineBytes + lineBytes
      if (headerBytes <= this.maxHeaderBytes) return
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_HEADERS_TOO_LARGE',
        `headers have at most ${this.maxHeaderBytes} bytes`,
      )
    }
    // What is not whole may have the first byte of its end.
    const endBytes = isWhole ? LINE_END_BYTES : LINE_END_BYTES - 1
    if (lineBytes - endBytes <= this.maxRequestLineBytes) return
    throw new HttpRequestError(
      'ERR_CARILLON_HTTP_REQUEST_LINE_TOO_LONG',
      `a request line has at most ${this.maxRequestLineBytes} bytes`,
    )
  }

  #isEmptyLineInFront(bytes: Buffer, start: number, lineBytes: number): boolean {
    const isEmpty = this.#head.isFresh && lineBytes === LINE_END_BYTES && bytes[start] === CR
    return isEmpty && ++this.#emptyLines <= EMPTY_LINES_MAX
  }

  /** Takes a line of the head. Returns whether the head is whole with it. */
  #takeLine(bytes: Buffer, start: number, lineBytes: number): boolean {
    const isRequestLine = this.#head.isFresh
    const isWhole = this.#head.takeLine(bytes, start, start + lineBytes)
    this.#headBytes += lineBytes
    if (isRequestLine) this.#requestLineBytes = lineBytes
    if (this.#head.fields > this.maxHeaders) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_HEADERS_TOO_LARGE',
        `there are at most ${this.maxHeaders} headers`,
      )
    }
    if (isWhole) this.#checkBody()
    return isWhole
  }

  /** Decides what is to be done about the body. */
  #checkBody(): void {
    const { bodyLength, version, headers } = this.#head
    if (bodyLength !== 'chunked' && bodyLength > this.maxBodyBytes) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_BODY_TOO_LARGE',
        `a body has at most ${this.maxBodyBytes} bytes`,
      )
    }
    // A client of HTTP/1.0 cannot mean it.
    const expected = version === '1.0' ? undefined : headers.get('expect')?.toLowerCase()
    const isContinue = expected === '100-continue'
    this.#isToAsk = isContinue && bodyLength !== 0
    if (expected !== undefined && (!isContinue || (this.#isToAsk && !this.#asks))) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_EXPECTATION',
        'a request is sent with its body, and expects nothing',
      )
    }
    this.#messageBytes = this.#headBytes + (bodyLength === 'chunked' ? 0 : bodyLength)
  }

  /** Completes a request that lies whole in the chunk as its message will be. */
  #takeWhole(chunk: Buffer, start: number, info: FullMessageInfo): boolean {
    const end = start + this.#messageBytes
    const isWhole = this.#head.bodyLength !== 'chunked' && !this.#isToAsk && end <= chunk.length
    if (isWhole) {
      info.setWhole(chunk, start, end)
      this.#finish(info)
    }
    return isWhole
  }

  /** Goes on to the body of a request whose head is in `info`. */
  #beginBody(info: FullMessageInfo): void {
    const { bodyLength } = this.#head
    if (bodyLength === 'chunked') {
      this.#state = 'chunks'
      this.#chunks = new ChunkedDecoder(this, this.#headBytes)
    } else {
      this.#state = 'body'
    }
    if (this.#isToAsk) {
      this.#askedHead = Buffer.from(info.buffer.subarray(0, this.#headBytes))
      completePieces(info, this.#headBytes)
      rememberHttpRequest(
        info.buffer,
        new HttpRequest(this.#head, info.buffer, this.#headBytes, true),
      )
    }
  }

  #takeBody(chunk: Buffer, start: number, info: FullMessageInfo): number {
    let end: number
    let isWhole: boolean
    if (this.#chunks === undefined) {
      end = Math.min(start + this.#messageBytes - info.filledBytes, chunk.length)
      appendBytes(info, chunk, start, end, this.#messageBytes)
      isWhole = info.filledBytes === this.#messageBytes
    } else {
      end = this.#chunks.take(chunk, start, info)
      isWhole = this.#chunks.isWhole
    }
    if (isWhole) {
      completePieces(info, info.filledBytes)
      this.#finish(info)
    }
    return end
  }

  /** Keeps what is known of the message, and begins another. */
  #finish(info: FullMessageInfo): void {
    rememberHttpRequest(info.buffer, new HttpRequest(this.#head, info.buffer, this.#headBytes))
    this.#state = 'head'
    this.#head = new HttpHead()
    this.#emptyLines = 0
    this.#headBytes = 0
    this.#chunks = undefined
  }
}
