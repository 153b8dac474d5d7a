import { STATUS_CODES } from 'node:http'
import { checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { parseField } from './http-head.ts'

export interface HttpResponse {
  /** 100 to 599. */
  readonly status: number
  /** Behind the status, where it is not to be the standard phrase. */
  readonly reason?: string
  /** Names and values. `Content-Length` is made from the body, and is not among them. */
  readonly headers?: Iterable<readonly [name: string, value: string]> | Record<string, string>
  /** Bytes, or a text in UTF-8. Default empty. */
  readonly body?: Uint8Array | string
  /** Says that the connection is closed behind the response. Default false. */
  readonly closes?: boolean
  /** Whether it answers a HEAD, and the body is measured but not sent. Default false. */
  readonly isToHead?: boolean
}

/** Statuses whose responses have no body and no length (RFC 9110, section 8.6). */
const hasNoBody = (status: number) => status < 200 || status === 204 || status === 304

/**
 * A response of HTTP/1.1, in pieces for `TcpClient.sendData`: status line, headers with
 * `Content-Length`, and the body as it is.
 *
 * @throws {ArgumentError} where a part of it would not be read as what it is, as a header with a line
 *   end in it; or where a status without a body has one.
 */
export function encodeHttpResponse(response: HttpResponse): Uint8Array[] {
  const { status, headers = {}, closes = false, isToHead = false } = response
  checkInteger('status', status, 100, 599)
  const reason = response.reason ?? STATUS_CODES[status] ?? ''
  if (!/^[\t -~]*$/.test(reason)) {
    throw new ArgumentError('the reason of a status is one line of ASCII text')
  }
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body
  const bodyBytes = body?.length ?? 0
  if (hasNoBody(status) && bodyBytes > 0) {
    throw new ArgumentError(`a response with status ${status} has no body`)
  }
  const lines = [`HTTP/1.1 ${status} ${reason}`]
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers)
  for (const [name, value] of pairs) lines.push(checkHeader(name, value))
  if (!hasNoBody(status)) lines.push(`Content-Length: ${bodyBytes}`)
  if (closes) lines.push('Connection: close')
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return body === undefined || bodyBytes === 0 || isToHead ? [head] : [head, body]
}

function checkHeader(name: string, value: string): string {
  const line = `${name}: ${value}`
  try {
    const [read] = parseField(line)
    if (read === name.toLowerCase() && !['content-length', 'transfer-encoding'].includes(read)) {
      return line
    }
  } catch (cause) {
    throw new ArgumentError(`${JSON.stringify(line)} is no header`, { cause })
  }
  throw new ArgumentError(`${JSON.stringify(line)} is not a header of one's own`)
}
