import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { checkInteger } from '../arguments.ts'
import { cannotRead, truncated, WavError } from './errors.ts'
import { decodeSamples, type StoredFormat } from './sample-codec.ts'
import { findChunks, readUpTo } from './wav-chunks.ts'
import { bytesPerFrame, parseFormatChunk, type WavFormat } from './wav-format.ts'

/** Bytes read from the file at once, about: a whole number of frames. */
const READ_BYTES = 256 * 1024

/** The most frames in one block: 128 MiB of floats for each channel. */
const MAX_FRAMES = 2 ** 25

/**
 * Reads a WAV file piece by piece, in memory that does not depend on the file's size.
 *
 * RIFF, and RF64 or BW64 for more than 4 GiB; PCM of 16, 24 and 32 bits, IEEE float of 32 and 64;
 * WAVE_FORMAT_EXTENSIBLE or not; 1 to 8 channels; any sample rate; chunks in any order. The file is
 * checked when it is opened: one that is cut off anywhere up to its last sample is refused, never
 * read in part.
 */
export class WavReader {
  readonly path: string
  readonly format: WavFormat<StoredFormat>
  /** Samples of each channel in the file. */
  readonly frames: number
  readonly #file: FileHandle
  readonly #frameBytes: number
  /** Bytes of samples that are not yet in `#ahead`. */
  #leftBytes: number
  #offset: number
  /** Read from the file and not yet handed out. */
  #ahead: Buffer = Buffer.alloc(0)

  private constructor(
    path: string,
    file: FileHandle,
    format: WavFormat<StoredFormat>,
    data: { offset: number; bytes: number },
  ) {
    this.path = path
    this.format = format
    this.#file = file
    this.#frameBytes = bytesPerFrame(format)
    this.frames = data.bytes / this.#frameBytes
    this.#leftBytes = data.bytes
    this.#offset = data.offset
  }

  /**
   * Opens and checks a file.
   *
   * @throws {WavError} see `WavErrorCode`.
   */
  static async open(path: string): Promise<WavReader> {
    // Without O_NONBLOCK, opening a FIFO that nobody writes to would never return.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
    const file = await open(path, flags).catch((error: unknown) => {
      throw cannotRead(path, error)
    })
    try {
      return await WavReader.#check(path, file)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  static async #check(path: string, file: FileHandle): Promise<WavReader> {
    const stats = await file.stat()
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'it is a directory' : 'it is not a regular file'
      throw new WavError('ERR_CARILLON_WAV_READ', `cannot read ${path}: ${what}`)
    }
    const chunks = await findChunks(file, stats.size, path)
    const format = parseFormatChunk(chunks.format, path)
    const frameBytes = bytesPerFrame(format)
    if (chunks.dataBytes % frameBytes !== 0) {
      const sentence = `its ${chunks.dataBytes} bytes of samples are not a whole number of frames`
      throw truncated(path, `${sentence} of ${frameBytes} bytes`)
    }
    return new WavReader(path, file, format, { offset: chunks.dataOffset, bytes: chunks.dataBytes })
  }

  /**
   * The next frames, as interleaved floats. One call at a time.
   *
   * @param frames how many: 1 to 2^25.
   * @returns the bytes of the samples (IEEE 754 binary32, little-endian), in a buffer of their own;
   *   fewer frames than asked for at the end of the file, then `undefined`.
   * @throws {WavError} where the file cannot be read or became shorter since it was opened.
   */
  async read(frames: number): Promise<Uint8Array | undefined> {
    checkInteger('frames', frames, 1, MAX_FRAMES)
    const wantedBytes = frames * this.#frameBytes
    if (this.#ahead.length < wantedBytes && this.#leftBytes > 0) await this.#fill(wantedBytes)
    if (this.#ahead.length === 0) return undefined
    const stored = this.#ahead.subarray(0, wantedBytes)
    this.#ahead = this.#ahead.subarray(stored.length)
    return decodeSamples(this.format.sampleFormat, stored)
  }

  /** The rest of the file in pieces of `frames` frames, the last one shorter. See {@link read}. */
  async *blocks(frames: number): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const block = await this.read(frames)
      if (block === undefined) return
      yield block
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close()
  }

  async #fill(wantedBytes: number): Promise<void> {
    const bytes = Math.min(Math.max(wantedBytes, READ_BYTES), this.#leftBytes)
    const more = await readUpTo(this.#file, this.#offset, bytes, this.path)
    if (more.length < bytes) throw truncated(this.path, 'it became shorter while it was read')
    this.#ahead = this.#ahead.length === 0 ? more : Buffer.concat([this.#ahead, more])
    this.#offset += bytes
    this.#leftBytes -= bytes
  }
}
