import { debuglog } from 'node:util'
import { CommanderError } from 'commander'
import { errorCode, errorMessage } from '../errors.ts'
import { InterruptedError, UsageError } from './errors.ts'
import { oneLine } from './one-line.ts'

/** Shows where an error came from: `NODE_DEBUG=carillon`. */
const debug = debuglog('carillon')

/**
 * Tells the user what went wrong, in one line on standard error.
 *
 * @returns the exit code: 2 where the command was not called as it must be, 128 and the signal where
 *   it was interrupted, else 1. 0 where there was no error: help was asked for.
 */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  // No command at all: commander has shown what there is.
  if (error instanceof CommanderError && error.code === 'commander.help') return 2
  debug('%o', error)
  const { sentence, code, exitCode } = describeError(error)
  process.stderr.write(`carillon: ${oneLine(sentence)} [${oneLine(code)}]\n`)
  return exitCode
}

function describeError(error: unknown) {
  if (error instanceof CommanderError) {
    const sentence = error.message.replace(/^error: /, '')
    return { sentence, code: 'ERR_CARILLON_USAGE', exitCode: 2 }
  }
  const known = errorCode(error)
  const code = known.startsWith('ERR_CARILLON_') ? known : 'ERR_CARILLON_INTERNAL'
  const exitCode =
    error instanceof UsageError ? 2 : error instanceof InterruptedError ? error.exitCode : 1
  return { sentence: errorMessage(error), code, exitCode }
}
