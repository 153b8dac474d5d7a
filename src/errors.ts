/**
 * The errors of Carillon: one class family. Match on `code`, which is stable; the message is for
 * people and may change.
 */
export class CarillonError extends Error {
  /** Stable name of what went wrong, for example `ERR_CARILLON_LISTEN`. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** A value that the caller passed is of the wrong kind or out of its range. */
export class ArgumentError extends CarillonError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_ARGUMENT', message, options)
  }
}

/** Every code that an error of Carillon carries, here or on the wire. */
export type ErrorCode = `ERR_CARILLON_${string}`

/** The code of `error` where it has one (`ENOENT`, `ERR_CARILLON_…`), else an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
