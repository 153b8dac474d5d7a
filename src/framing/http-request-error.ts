import { FramingError } from './errors.ts'

/** What can be wrong with a request, and the status that answers it (RFC 9110, section 15.5). */
export const HTTP_REQUEST_ERRORS = {
  /** The request line is none, or its target is none for its method. */
  ERR_CARILLON_HTTP_REQUEST_LINE: 400,
  /** A line of the head ends with LF alone. */
  ERR_CARILLON_HTTP_LINE_END: 400,
  /** A header or trailer line is none, or what it says cannot be. */
  ERR_CARILLON_HTTP_HEADER: 400,
  /** Where the body ends is not said in one clear way. */
  ERR_CARILLON_HTTP_BODY_LENGTH: 400,
  /** A chunk of a body is not as it has to be. */
  ERR_CARILLON_HTTP_CHUNK: 400,
  /** The body, or what is written between its chunks, is over its limit. */
  ERR_CARILLON_HTTP_BODY_TOO_LARGE: 413,
  /** The request line is over its limit. */
  ERR_CARILLON_HTTP_REQUEST_LINE_TOO_LONG: 414,
  /** It expects something that it does not get. */
  ERR_CARILLON_HTTP_EXPECTATION: 417,
  /** The headers or trailers are over their limit, in bytes or in number. */
  ERR_CARILLON_HTTP_HEADERS_TOO_LARGE: 431,
  /** The body is in a transfer coding other than `chunked`. */
  ERR_CARILLON_HTTP_TRANSFER_CODING: 501,
  /** The version is neither 1.0 nor 1.1. */
  ERR_CARILLON_HTTP_VERSION: 505,
} as const

export type HttpRequestErrorCode = keyof typeof HTTP_REQUEST_ERRORS

/**
 * A request that is refused. Nothing behind it can be read, so its connection is closed; before that
 * `onClientError` can answer with `status`: 400, 413, 414, 417, 431, 501 or 505.
 */
export class HttpRequestError extends FramingError {
  /** Of the response that says what is wrong. */
  readonly status: (typeof HTTP_REQUEST_ERRORS)[HttpRequestErrorCode]

  constructor(code: HttpRequestErrorCode, message: string) {
    super(message, { code })
    this.status = HTTP_REQUEST_ERRORS[code]
  }
}
