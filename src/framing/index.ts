export { type CobsOptions, CobsStrategy } from './cobs-strategy.ts'
export { type Delimiter, type DelimiterOptions, DelimiterStrategy } from './delimiter-strategy.ts'
export { encodeHttpResponse, type HttpResponse } from './encode-http-response.ts'
export { FramingError, type FramingErrorOptions, MessageTooLargeError } from './errors.ts'
export { type FixedLengthOptions, FixedLengthStrategy } from './fixed-length-strategy.ts'
export { EMPTY_BUFFER, FullMessageInfo, type IFramingStrategy } from './framing-strategy.ts'
export { HttpRequest, parseHttpRequest } from './http-request.ts'
export {
  HTTP_REQUEST_ERRORS,
  HttpRequestError,
  type HttpRequestErrorCode,
} from './http-request-error.ts'
export { type HttpRequestOptions, HttpRequestStrategy } from './http-request-strategy.ts'
export { type LengthPrefixedOptions, LengthPrefixedStrategy } from './length-prefixed-strategy.ts'
export type { SizeLimitOptions } from './limited-strategy.ts'
export { DEFAULT_MAX_MESSAGE_BYTES } from './limits.ts'
export { type LineOptions, LineStrategy } from './line-strategy.ts'
export { type VarintPrefixedOptions, VarintPrefixedStrategy } from './varint-prefixed-strategy.ts'
export { ViewCache } from './view-cache.ts'
