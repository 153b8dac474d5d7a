import { getSystemErrorMap } from 'node:util'

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
