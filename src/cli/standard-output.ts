import { createWriteStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { errorCode } from '../errors.ts'
import { reportError } from './report-error.ts'

const STDOUT = 1

let isWatched = false

/** Prints for a person, who may have seen enough and gone: the work is done all the same. */
export function print(text: string): void {
  if (!isWatched) {
    isWatched = true
    process.stdout.on('error', (error) => {
      if (errorCode(error) !== 'EPIPE') process.exitCode = reportError(error)
    })
  }
  process.stdout.write(text)
}

/**
 * Standard output for a command whose product goes there; nothing may be printed then. Not
 * `process.stdout`, which cannot be closed: where nobody reads, a command that gives up would wait
 * for its last write for ever.
 */
export function openStandardOutput(): Writable {
  const stats = fstatSync(STDOUT)
  if (stats.isFIFO() || stats.isSocket()) {
    return new Socket({ fd: STDOUT, readable: false, writable: true })
  }
  return createWriteStream('', { fd: STDOUT })
}
