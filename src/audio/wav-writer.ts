import { tooLarge } from './errors.ts'
import { PendingFile } from './pending-file.ts'
import { BYTES_PER_SAMPLE, encodeSamples, FLOAT_BYTES, type LossCounts } from './sample-codec.ts'
import {
  bytesPerFrame,
  checkFormat,
  encodeHeader,
  framesIn,
  maxFrames,
  type WavFormat,
} from './wav-format.ts'

/** Bytes collected before they are written to the file. */
const WRITE_BYTES = 256 * 1024

/** What {@link WavWriter.finish} wrote. */
export interface WavWritten extends Readonly<LossCounts> {
  readonly frames: number
}

/**
 * Writes a WAV file piece by piece, in memory that does not depend on the file's size.
 *
 * The file appears under its name only in {@link finish}, whole and brought to the disk; whatever
 * had that name stays as it was until then, and for good where anything fails.
 */
export class WavWriter {
  readonly format: WavFormat
  readonly #file: PendingFile
  readonly #maxFrames: number
  readonly #collected = Buffer.allocUnsafe(WRITE_BYTES)
  #collectedBytes = 0
  #position: number
  #frames = 0
  readonly #losses: LossCounts = { clipped: 0, notANumber: 0 }

  private constructor(file: PendingFile, format: WavFormat) {
    this.format = format
    this.#file = file
    this.#maxFrames = maxFrames(format)
    this.#position = encodeHeader(format, 0).length
  }

  /**
   * @param frames that are going to be written, where that is known: more than a WAV file can hold
   *   (4 GiB) are refused at once.
   * @throws {WavError} `ERR_CARILLON_WAV_WRITE`, `ERR_CARILLON_WAV_TOO_LARGE`.
   */
  static async create(path: string, format: WavFormat, frames = 0): Promise<WavWriter> {
    checkFormat(format)
    if (frames > maxFrames(format)) throw tooLarge(path, frames, bytesPerFrame(format))
    return new WavWriter(await PendingFile.create(path), format)
  }

  /**
   * Appends samples. One call at a time: the next after the promise has resolved.
   *
   * @param samples interleaved floats (IEEE 754 binary32, little-endian); whole frames.
   * @throws {WavError} `ERR_CARILLON_WAV_WRITE`, `ERR_CARILLON_WAV_TOO_LARGE`.
   */
  async write(samples: Uint8Array): Promise<void> {
    const frames = this.#frames + framesIn(samples, this.format)
    if (frames > this.#maxFrames)
      throw tooLarge(this.#file.path, frames, bytesPerFrame(this.format))
    this.#frames = frames

    const storedBytes = BYTES_PER_SAMPLE[this.format.sampleFormat]
    for (let at = 0; at < samples.length; ) {
      const roomSamples = Math.floor((WRITE_BYTES - this.#collectedBytes) / storedBytes)
      const piece = samples.subarray(at, at + roomSamples * FLOAT_BYTES)
      const target = this.#collected.subarray(this.#collectedBytes)
      encodeSamples(this.format.sampleFormat, piece, target, this.#losses)
      this.#collectedBytes += (piece.length / FLOAT_BYTES) * storedBytes
      at += piece.length
      if (at < samples.length) await this.#flush()
    }
  }

  /** Finishes the header, brings the file to the disk and gives it its name. */
  async finish(): Promise<WavWritten> {
    await this.#flush()
    const dataBytes = this.#frames * bytesPerFrame(this.format)
    if (dataBytes % 2 === 1) await this.#file.write(Buffer.alloc(1), this.#position)
    await this.#file.write(encodeHeader(this.format, this.#frames), 0)
    await this.#file.commit()
    return { frames: this.#frames, ...this.#losses }
  }

  /** Gives up: nothing is left behind. Does nothing after {@link finish}. */
  async discard(): Promise<void> {
    await this.#file.discard()
  }

  async #flush(): Promise<void> {
    await this.#file.write(this.#collected.subarray(0, this.#collectedBytes), this.#position)
    this.#position += this.#collectedBytes
    this.#collectedBytes = 0
  }
}
