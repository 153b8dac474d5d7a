import { constants, createWriteStream, fstatSync, readFileSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { errorCode } from '../errors.ts'
import { systemReason } from '../system-reason.ts'
import { JobError } from './errors.ts'
import { reportError } from './report-error.ts'

const STDOUT = 1

/** The bits of a file's flags that say what it was opened for. */
const ACCESS_MODES = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR

let isWatched = false

/**
 * Prints what a person asked for, who may have seen enough and gone: the work is done all the same.
 * Where it cannot be written otherwise, the command has failed: `ERR_CARILLON_OUTPUT`.
 */
export function print(text: string): void {
  tryPrint(text, (error) => {
    const sentence = `cannot write standard output: ${systemReason(error)}`
    process.exitCode = reportError(new JobError('ERR_CARILLON_OUTPUT', sentence))
  })
}

/** Prints a remark about work that is done. It stays done where the remark cannot be written. */
export function printRemark(text: string): void {
  tryPrint(text, (error) => {
    const sentence = `standard output could not be written: ${systemReason(error)}`
    process.stderr.write(`carillon: note: ${sentence}\n`)
  })
}

function tryPrint(text: string, onLost: (error: Error) => void): void {
  if (!isWatched) {
    isWatched = true
    // Each write hears of its own error.
    process.stdout.on('error', () => {})
  }
  process.stdout.write(text, (error) => {
    if (error && errorCode(error) !== 'EPIPE') onLost(error)
  })
}

/**
 * Whether the command was started with its standard output closed. Node then opens the null device
 * in its place, for reading and writing, where a shell's `>/dev/null` opens it for writing only. A
 * program that hands over the null device as Node does cannot be told from it. Linux only: elsewhere
 * false.
 */
export function isStandardOutputClosed(): boolean {
  try {
    if (fstatSync(STDOUT).rdev !== statSync('/dev/null').rdev) return false
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${STDOUT}`, 'utf8'))
    const accessMode = Number.parseInt(flags?.[1] ?? '0', 8) & ACCESS_MODES
    return accessMode === constants.O_RDWR
  } catch {
    return false
  }
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
