import { getSystemErrorMap } from 'node:util'
import { errorMessage } from './errors.ts'

/**
 * What the system said, in words: "no such file or directory" where Node's own message is
 * "ENOENT: no such file or directory, open 'x'". For errors of the system; any other gives its
 * message.
 */
export function systemReason(error: unknown): string {
  // A host name with several addresses gives one error for each of them.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (first instanceof Error && 'errno' in first && typeof first.errno === 'number') {
    const [, reason] = getSystemErrorMap().get(first.errno) ?? []
    if (reason !== undefined) return reason
  }
  return errorMessage(first)
}
