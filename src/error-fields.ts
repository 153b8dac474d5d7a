import { errorCode } from './errors.ts'

/**
 * An error for a line of the log: its code, and what is behind it. pino appends the messages of the
 * causes to an error's own, and ours has said them already.
 */
export function errorFields(error: Error): { readonly code?: string; readonly err: Error } {
  const code = errorCode(error)
  const err = error.cause instanceof Error ? error.cause : error
  return code === '' ? { err } : { code, err }
}
