import { HttpRequestError } from './http-request-error.ts'

const CR = 0x0d

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~]+) HTTP\/(\d)\.(\d)$/
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FIELD_VALUE = /^[\t -~\u0080-\u00ff]*$/
const ABSOLUTE_FORM = /^[A-Za-z][A-Za-z0-9+\-.]*:\/\/[^/?#]/
const HOST = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]*$/
const AUTHORITY_FORM = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]+:\d{1,5}$/

/** How the end of a request's body is known. */
export type HttpBodyLength = number | 'chunked'

/**
 * What stands in front of a request's body, taken line by line (RFC 9112). It is strict: what a
 * server in front could read in another way is refused, for that is how requests are smuggled.
 */
export class HttpHead {
  method = ''
  /** As it stands in the request line. */
  target = ''
  version: '1.0' | '1.1' = '1.1'
  /** By name in lower case. A header that comes several times has its values joined as a list. */
  readonly headers = new Map<string, string>()
  /** Of the body; known once the head is whole. */
  bodyLength: HttpBodyLength = 0
  /** Header lines taken. */
  fields = 0

  /** Whether the next line is the request line. */
  get isFresh(): boolean {
    return this.method === ''
  }

  /**
   * Takes the line of `bytes` from `start` to `end`, with its line end.
   *
   * @returns whether the head is whole with it.
   * @throws {HttpRequestError} where it cannot be.
   */
  takeLine(bytes: Buffer, start: number, end: number): boolean {
    const line = lineOf(bytes, start, end)
    if (this.isFresh) {
      this.#takeRequestLine(line)
      return false
    }
    if (line !== '') {
      this.#takeField(line)
      return false
    }
    this.#checkHost()
    this.bodyLength = this.#findBodyLength()
    return true
  }

  /** The elements of a header that is a list, in lower case. */
  list(name: string): string[] {
    const value = this.headers.get(name)
    return value === undefined ? [] : value.split(',').map((element) => trim(element).toLowerCase())
  }

  #takeRequestLine(line: string): void {
    const [, method, target, major, minor] = REQUEST_LINE.exec(line) ?? []
    if (method === undefined || target === undefined) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_REQUEST_LINE',
        'a request line is a method, a target and HTTP/1.1, with one space between them',
      )
    }
    if (major !== '1' || (minor !== '0' && minor !== '1')) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_VERSION',
        `the version of HTTP is 1.0 or 1.1, not ${major}.${minor}`,
      )
    }
    if (!isTargetOf(method, target)) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_REQUEST_LINE',
        'a target is a path, an absolute URL, * for OPTIONS, or a host and port for CONNECT',
      )
    }
    this.method = method
    this.target = target
    this.version = `1.${minor}`
  }

  #takeField(line: string): void {
    const [name, value] = parseField(line)
    this.fields++
    const before = this.headers.get(name)
    if (before === undefined) {
      this.headers.set(name, value)
      return
    }
    if (name === 'content-length') throw bodyLengthError('Content-Length comes only once')
    if (name === 'host') throw headerError('Host comes only once')
    this.headers.set(name, `${before}${name === 'cookie' ? ';' : ','} ${value}`)
  }

  #checkHost(): void {
    const host = this.headers.get('host')
    if (host === undefined ? this.version === '1.1' : !HOST.test(host)) {
      throw headerError('a request of HTTP/1.1 has a Host, a name or address and perhaps a port')
    }
  }

  #findBodyLength(): HttpBodyLength {
    const length = this.headers.get('content-length')
    if (!this.headers.has('transfer-encoding')) {
      if (length === undefined) return 0
      if (!/^\d+$/.test(length)) throw bodyLengthError('Content-Length is a number in digits')
      return Number(length)
    }
    if (length !== undefined) {
      throw bodyLengthError('a body has a Content-Length or a Transfer-Encoding, not both')
    }
    if (this.version === '1.0') throw bodyLengthError('HTTP/1.0 has no Transfer-Encoding')
    const codings = this.list('transfer-encoding')
    if (codings.some((coding) => coding !== 'chunked' && coding !== '')) {
      throw new HttpRequestError(
        'ERR_CARILLON_HTTP_TRANSFER_CODING',
        'the only transfer coding is chunked',
      )
    }
    if (codings.length !== 1 || codings[0] === '') {
      throw bodyLengthError('the transfer coding chunked comes once')
    }
    return 'chunked'
  }
}

/**
 * Checks a header or trailer line, without its line end. Returns the name in lower case, and the
 * value.
 *
 * @throws {HttpRequestError} where it is none.
 */
export function parseField(line: string): [string, string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  // No space before the colon, no line that goes on from the one before, no empty name.
  if (!FIELD_NAME.test(name)) {
    throw headerError('a header line is a name, a colon right behind it, and a value')
  }
  const value = trim(line.slice(colon + 1))
  if (!FIELD_VALUE.test(value)) throw headerError('a header has no control characters in it')
  return [name.toLowerCase(), value]
}

/**
 * The text of a line, without its end.
 *
 * @throws {HttpRequestError} where that is a lone LF.
 */
export function lineOf(bytes: Buffer, start: number, end: number): string {
  if (end - start >= 2 && bytes[end - 2] === CR) return bytes.toString('latin1', start, end - 2)
  throw new HttpRequestError('ERR_CARILLON_HTTP_LINE_END', 'a line ends with CR and LF')
}

function isTargetOf(method: string, target: string): boolean {
  if (target.includes('#')) return false
  if (method === 'CONNECT') return AUTHORITY_FORM.test(target)
  if (target === '*') return method === 'OPTIONS'
  return target.startsWith('/') || ABSOLUTE_FORM.test(target)
}

/** Without spaces and tabs around it; `String.trim` would take more than those. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function headerError(message: string): HttpRequestError {
  return new HttpRequestError('ERR_CARILLON_HTTP_HEADER', message)
}

function bodyLengthError(message: string): HttpRequestError {
  return new HttpRequestError('ERR_CARILLON_HTTP_BODY_LENGTH', message)
}
