import { CarillonError } from '../errors.ts'
import { systemReason } from '../system-reason.ts'

/** What can be wrong with a WAV file. */
export type WavErrorCode =
  /** The system would not open or read the file. */
  | 'ERR_CARILLON_WAV_READ'
  /** The system would not create, write or rename the file. */
  | 'ERR_CARILLON_WAV_WRITE'
  /** Something else than a WAV file. */
  | 'ERR_CARILLON_WAV_NOT_WAV'
  /** The file ends before what its header promises. */
  | 'ERR_CARILLON_WAV_TRUNCATED'
  /** A WAV file whose parts contradict each other or are missing. */
  | 'ERR_CARILLON_WAV_INVALID'
  /** A sound WAV file of a kind that Carillon does not read. */
  | 'ERR_CARILLON_WAV_UNSUPPORTED'
  /** More than the 4 GiB that a WAV file can hold. */
  | 'ERR_CARILLON_WAV_TOO_LARGE'

/** A WAV file could not be read or written. The message names the file. */
export class WavError extends CarillonError {
  constructor(code: WavErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
  }
}

/** The error for what the system said when it read. */
export function cannotRead(path: string, cause: unknown): WavError {
  const sentence = `cannot read ${path}: ${systemReason(cause)}`
  return new WavError('ERR_CARILLON_WAV_READ', sentence, { cause })
}

/** The error for what the system said when it wrote. */
export function cannotWrite(path: string, cause: unknown): WavError {
  const sentence = `cannot write ${path}: ${systemReason(cause)}`
  return new WavError('ERR_CARILLON_WAV_WRITE', sentence, { cause })
}

/** The error for samples that no WAV file can hold. */
export function tooLarge(path: string, frames: number, frameBytes: number): WavError {
  const held = `${frames} frames of ${frameBytes} bytes`
  const sentence = `cannot write ${path}: ${held} are more than the 4 GiB that a WAV file can hold`
  return new WavError('ERR_CARILLON_WAV_TOO_LARGE', sentence)
}

export function notWav(path: string, why: string): WavError {
  return new WavError('ERR_CARILLON_WAV_NOT_WAV', `${path} is not a WAV file: ${why}`)
}

export function truncated(path: string, why: string): WavError {
  return new WavError('ERR_CARILLON_WAV_TRUNCATED', `${path} is cut off: ${why}`)
}

export function invalid(path: string, why: string): WavError {
  return new WavError('ERR_CARILLON_WAV_INVALID', `${path} is not a valid WAV file: ${why}`)
}

export function unsupported(path: string, found: string, supported: string): WavError {
  const sentence = `${path} holds ${found}; supported are ${supported}`
  return new WavError('ERR_CARILLON_WAV_UNSUPPORTED', sentence)
}
