import type { Writable } from 'node:stream'
import { ArgumentError } from '../errors.ts'
import { cannotWrite, tooLarge } from './errors.ts'
import { BYTES_PER_SAMPLE, encodeSamples, FLOAT_BYTES, type LossCounts } from './sample-codec.ts'
import {
  bytesPerFrame,
  checkFormat,
  encodeHeader,
  framesIn,
  maxFrames,
  type WavFormat,
} from './wav-format.ts'
import type { WavWritten } from './wav-writer.ts'

/**
 * Writes a WAV file into a stream, as it comes: each block leaves at once. The header goes first and
 * cannot be finished later, so it says at the start how many frames follow, or that this is not
 * known.
 */
export class WavStreamWriter {
  readonly format: WavFormat
  readonly #stream: Writable
  readonly #name: string
  readonly #promisedFrames: number
  #hasHeader = false
  #frames = 0
  readonly #losses: LossCounts = { clipped: 0, notANumber: 0 }

  /**
   * @param name of the stream, for sentences.
   * @param frames that are going to be written; `Infinity` where that is not known, which takes
   *   away the limit of 4 GiB.
   * @throws {WavError} `ERR_CARILLON_WAV_TOO_LARGE`.
   */
  constructor(stream: Writable, name: string, format: WavFormat, frames: number) {
    checkFormat(format)
    if (Number.isFinite(frames) && frames > maxFrames(format)) {
      throw tooLarge(name, frames, bytesPerFrame(format))
    }
    this.format = format
    this.#stream = stream
    this.#name = name
    this.#promisedFrames = frames
    // Each write hears of its own error.
    stream.on('error', () => {})
  }

  /**
   * Writes samples, after the header where they are the first. One call at a time: the next after the
   * promise has resolved.
   *
   * @param samples interleaved floats (IEEE 754 binary32, little-endian); whole frames.
   * @throws {WavError} `ERR_CARILLON_WAV_WRITE`.
   * @throws {ArgumentError} where they are more than was said.
   */
  async write(samples: Uint8Array): Promise<void> {
    this.#frames += framesIn(samples, this.format)
    if (this.#frames > this.#promisedFrames) throw this.#wrongCount()
    await this.#sendHeader()
    const { sampleFormat } = this.format
    const stored = Buffer.allocUnsafe(
      (samples.length / FLOAT_BYTES) * BYTES_PER_SAMPLE[sampleFormat],
    )
    encodeSamples(sampleFormat, samples, stored, this.#losses)
    await this.#send(stored)
  }

  /**
   * Ends the stream.
   *
   * @throws {WavError} `ERR_CARILLON_WAV_WRITE`.
   * @throws {ArgumentError} where less was written than was said.
   */
  async finish(): Promise<WavWritten> {
    const isKnown = Number.isFinite(this.#promisedFrames)
    if (isKnown && this.#frames < this.#promisedFrames) throw this.#wrongCount()
    await this.#sendHeader()
    const dataBytes = this.#frames * bytesPerFrame(this.format)
    // A stream whose length nobody knows has nothing after its samples.
    if (isKnown && dataBytes % 2 === 1) await this.#send(Buffer.alloc(1))
    await new Promise<void>((resolve, reject) => {
      this.#stream.once('error', (error) => reject(cannotWrite(this.#name, error)))
      this.#stream.end(resolve)
    })
    return { frames: this.#frames, ...this.#losses }
  }

  /** Gives up: what has left cannot be taken back. Does nothing after {@link finish}. */
  async discard(): Promise<void> {
    this.#stream.destroy()
  }

  async #sendHeader(): Promise<void> {
    if (this.#hasHeader) return
    this.#hasHeader = true
    await this.#send(encodeHeader(this.format, this.#promisedFrames))
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error) reject(cannotWrite(this.#name, error))
        else resolve()
      })
    })
  }

  #wrongCount(): ArgumentError {
    return new ArgumentError(`${this.#frames} frames where ${this.#promisedFrames} were promised`)
  }
}
