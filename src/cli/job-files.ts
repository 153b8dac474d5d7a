import { addAbortSignal, type Readable, type Writable } from 'node:stream'
import type { WavFormat } from '../audio/wav-format.ts'
import { WavReader } from '../audio/wav-reader.ts'
import { WavStreamWriter } from '../audio/wav-stream-writer.ts'
import { WavWriter, type WavWritten } from '../audio/wav-writer.ts'

/** In place of a path: standard input, standard output. */
export const STANDARD_STREAM = '-'

/** Where a path is `-`. Asked for only then. */
export interface StandardStreams {
  openStandardInput(): Readable
  openStandardOutput(): Writable
}

/** A file that appears when it is whole, or a stream. */
export interface JobOutput {
  readonly format: WavFormat
  write(samples: Uint8Array): Promise<void>
  finish(): Promise<WavWritten>
  discard(): Promise<void>
}

/** What sentences call an input. */
export function inputName(path: string): string {
  return path === STANDARD_STREAM ? 'standard input' : path
}

/** What sentences call an output. */
export function outputName(path: string): string {
  return path === STANDARD_STREAM ? 'standard output' : path
}

/** @param signal ends waiting for a stream, with an error. */
export async function openInput(
  path: string,
  { openStandardInput }: StandardStreams,
  signal: AbortSignal,
): Promise<WavReader> {
  if (path !== STANDARD_STREAM) return await WavReader.open(path)
  return await WavReader.openStream(addAbortSignal(signal, openStandardInput()), inputName(path))
}

/**
 * @param frames that are going to be written, or `Infinity`.
 * @param signal ends waiting for a stream, with an error.
 */
export async function openOutput(
  path: string,
  format: WavFormat,
  frames: number,
  { openStandardOutput }: StandardStreams,
  signal: AbortSignal,
): Promise<JobOutput> {
  if (path !== STANDARD_STREAM) {
    return await WavWriter.create(path, format, Number.isFinite(frames) ? frames : 0)
  }
  const stream = addAbortSignal(signal, openStandardOutput())
  return new WavStreamWriter(stream, outputName(path), format, frames)
}
