import { constants } from 'node:os'
import { CarillonError } from '../errors.ts'

/**
 * The command was not called as it must be: exit code 2.
 *
 * - `ERR_CARILLON_USAGE`
 * - `ERR_CARILLON_EFFECT_SYNTAX`: an `--effect` that cannot be read.
 */
export class UsageError extends CarillonError {
  constructor(
    message: string,
    code: 'ERR_CARILLON_USAGE' | 'ERR_CARILLON_EFFECT_SYNTAX' = 'ERR_CARILLON_USAGE',
  ) {
    super(code, message)
  }
}

/**
 * A job could not be done.
 *
 * - `ERR_CARILLON_EFFECT_TAPS`: a file given to an effect is no list of values.
 * - `ERR_CARILLON_BLOCKS_LOST`: samples never came back.
 * - `ERR_CARILLON_OUTPUT`: what was asked for could not be printed.
 */
export class JobError extends CarillonError {
  constructor(
    code: 'ERR_CARILLON_EFFECT_TAPS' | 'ERR_CARILLON_BLOCKS_LOST' | 'ERR_CARILLON_OUTPUT',
    message: string,
  ) {
    super(code, message)
  }
}

/** The signals that ask the command to stop. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof STOP_SIGNALS)[number]

/** The user, or the system, asked the command to stop: `ERR_CARILLON_INTERRUPTED`. */
export class InterruptedError extends CarillonError {
  /** As a shell reports it: 130 for SIGINT. */
  readonly exitCode: number

  constructor(signal: StopSignal) {
    super('ERR_CARILLON_INTERRUPTED', `interrupted by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }
}
