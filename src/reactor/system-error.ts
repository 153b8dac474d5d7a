import { getSystemErrorMap } from 'node:util'
import { errorCode } from '../errors.ts'
import { DescriptorsError } from './errors.ts'

/** An error of the system as Node has them: `code`, `errno` (negative) and `syscall`. */
export class SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string

  /** @param errno the error number, positive or negative. */
  constructor(syscall: string, errno: number) {
    const number = -Math.abs(errno)
    const [code, reason] = getSystemErrorMap().get(number) ?? [`E${-number}`, 'unknown error']
    super(`${syscall} ${code}: ${reason}`)
    this.name = 'SystemError'
    this.code = code
    this.errno = number
    this.syscall = syscall
  }
}

/**
 * The error of a system call that failed: a {@link DescriptorsError} where there are no descriptors left,
 * else a {@link SystemError}.
 */
export function systemError(syscall: string, errno: number): Error {
  return orDescriptorsError(new SystemError(syscall, errno))
}

/** The error itself, or, where it says that there are no descriptors left, one that names the limit. */
export function orDescriptorsError<Thrown>(error: Thrown): Thrown | DescriptorsError {
  const code = errorCode(error)
  return code === 'EMFILE' || code === 'ENFILE' ? new DescriptorsError(code, error) : error
}
