import { HttpHead } from './http-head.ts'

/** A request, as an `HttpRequestStrategy` read it. */
export class HttpRequest {
  readonly method: string
  /** As it stands in the request line: a path with its query, mostly. */
  readonly target: string
  readonly version: '1.0' | '1.1'
  /**
   * By name in lower case. Where a header came several times, its values are joined with commas,
   * those of `cookie` with semicolons.
   */
  readonly headers: ReadonlyMap<string, string>
  /**
   * Whether this is only the head, and the client waits to hear whether it should send the body:
   * see `HttpRequestOptions.expectContinue`.
   */
  readonly awaitsContinue: boolean
  /** Whether the client may send another request on the connection. */
  readonly keepsAlive: boolean
  readonly #message: Buffer
  readonly #headBytes: number

  constructor(head: HttpHead, message: Buffer, headBytes: number, awaitsContinue = false) {
    this.method = head.method
    this.target = head.target
    this.version = head.version
    this.headers = head.headers
    this.awaitsContinue = awaitsContinue
    const connection = head.list('connection')
    this.keepsAlive =
      !connection.includes('close') && (head.version === '1.1' || connection.includes('keep-alive'))
    this.#message = message
    this.#headBytes = headBytes
  }

  /** Decoded where it was chunked. A part of the message: valid as long as that is. */
  get body(): Buffer {
    return this.#message.subarray(this.#headBytes)
  }
}

const requests = new WeakMap<Buffer, HttpRequest>()

/** Lets `parseHttpRequest` find what was read already. */
export function rememberHttpRequest(message: Buffer, request: HttpRequest): void {
  requests.set(message, request)
}

/**
 * The request in a message of an `HttpRequestStrategy`. For the Buffer that the strategy handed
 * over, that is what it read itself; a copy is read again.
 *
 * @throws {HttpRequestError} where the message is not from there.
 */
export function parseHttpRequest(message: Buffer): HttpRequest {
  const known = requests.get(message)
  if (known !== undefined) return known
  const head = new HttpHead()
  let start = 0
  let isWhole = false
  while (!isWhole) {
    const end = message.indexOf('\n', start) + 1 || message.length
    isWhole = head.takeLine(message, start, end)
    start = end
  }
  return new HttpRequest(head, message, start)
}
