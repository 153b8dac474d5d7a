import type { Readable } from 'node:stream'
import { checkInteger } from '../arguments.ts'
import { truncated } from './errors.ts'
import { FileSource } from './file-source.ts'
import { decodeSamples, type StoredFormat } from './sample-codec.ts'
import { StreamSource } from './stream-source.ts'
import { cutChunk, findChunks, type WavChunks } from './wav-chunks.ts'
import { bytesPerFrame, parseFormatChunk, type WavFormat } from './wav-format.ts'
import type { WavSource } from './wav-source.ts'

/** The most frames in one block: 128 MiB of floats for each channel. */
const MAX_FRAMES = 2 ** 25

/**
 * Reads a WAV file piece by piece, in memory that does not depend on the file's size.
 *
 * RIFF, and RF64 or BW64 for more than 4 GiB; PCM of 16, 24 and 32 bits, IEEE float of 32 and 64;
 * WAVE_FORMAT_EXTENSIBLE or not; 1 to 8 channels; any sample rate; chunks in any order. A file is
 * checked when it is opened: one that is cut off anywhere up to its last sample is refused, never
 * read in part. Of a stream only what has come can be checked.
 */
export class WavReader {
  /** The file's path, or what the stream was called. */
  readonly path: string
  readonly format: WavFormat<StoredFormat>
  /**
   * Samples of each channel; `Infinity` for a stream that does not say: they go on to its end.
   */
  readonly frames: number
  readonly #source: WavSource
  readonly #frameBytes: number
  readonly #dataBytes: number
  readonly #dataOffset: number
  /** Bytes of samples that were read, whether handed out or not. */
  #readBytes = 0
  #hasEnded = false
  /** Read and not yet handed out. */
  #ahead: Buffer = Buffer.alloc(0)

  private constructor(
    source: WavSource,
    format: WavFormat<StoredFormat>,
    { dataOffset, dataBytes }: WavChunks,
  ) {
    this.path = source.name
    this.format = format
    this.#source = source
    this.#frameBytes = bytesPerFrame(format)
    this.frames = dataBytes / this.#frameBytes
    this.#dataBytes = dataBytes
    this.#dataOffset = dataOffset
  }

  /**
   * Opens and checks a file.
   *
   * @throws {WavError} see `WavErrorCode`.
   */
  static async open(path: string): Promise<WavReader> {
    return await WavReader.#check(await FileSource.open(path))
  }

  /**
   * Reads the header from a stream. Programs that write into a pipe cannot go back to finish their
   * header and leave a size that is none: then the samples go on to the end of the stream, and one
   * that is cut off between two frames cannot be told from a whole one.
   *
   * @param stream is closed with the reader.
   * @param name for sentences.
   * @throws {WavError} see `WavErrorCode`; also where the samples come before the format.
   */
  static async openStream(stream: Readable, name: string): Promise<WavReader> {
    return await WavReader.#check(new StreamSource(stream, name))
  }

  static async #check(source: WavSource): Promise<WavReader> {
    try {
      const chunks = await findChunks(source)
      const format = parseFormatChunk(chunks.format, source.name)
      const { dataBytes } = chunks
      if (Number.isFinite(dataBytes)) checkWhole(dataBytes, format, source.name)
      return new WavReader(source, format, chunks)
    } catch (error) {
      await source.close()
      throw error
    }
  }

  /**
   * The next frames, as interleaved floats. One call at a time.
   *
   * @param frames how many: 1 to 2^25.
   * @returns the bytes of the samples (IEEE 754 binary32, little-endian), in a buffer of their own;
   *   fewer frames than asked for at the end of the file, then `undefined`.
   * @throws {WavError} where the file cannot be read or became shorter since it was opened, or a
   *   stream ends too early.
   */
  async read(frames: number): Promise<Uint8Array | undefined> {
    checkInteger('frames', frames, 1, MAX_FRAMES)
    const wantedBytes = frames * this.#frameBytes
    if (this.#ahead.length < wantedBytes && !this.#hasEnded) await this.#fill(wantedBytes)
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

  /** Closes the file or stream. */
  async close(): Promise<void> {
    await this.#source.close()
  }

  async #fill(wantedBytes: number): Promise<void> {
    const missing = Math.max(wantedBytes - this.#ahead.length, this.#source.readAheadBytes)
    const bytes = Math.min(missing, this.#dataBytes - this.#readBytes)
    const more = await this.#source.read(this.#dataOffset + this.#readBytes, bytes)
    this.#readBytes += more.length
    this.#ahead = this.#ahead.length === 0 ? more : Buffer.concat([this.#ahead, more])
    if (more.length < bytes) this.#checkEnd()
    this.#hasEnded = more.length < bytes || this.#readBytes === this.#dataBytes
  }

  /** Nothing more comes. */
  #checkEnd(): void {
    if (!Number.isFinite(this.frames)) {
      checkWhole(this.#readBytes, this.format, this.path)
      return
    }
    const sentence = this.#source.isSeekable
      ? 'it became shorter while it was read'
      : cutChunk('data', this.#dataBytes, this.#readBytes)
    throw truncated(this.path, sentence)
  }
}

/** @throws {WavError} where the last frame is cut off. */
function checkWhole(dataBytes: number, format: WavFormat<StoredFormat>, name: string): void {
  const frameBytes = bytesPerFrame(format)
  if (dataBytes % frameBytes === 0) return
  const sentence = `its ${dataBytes} bytes of samples are not a whole number of frames`
  throw truncated(name, `${sentence} of ${frameBytes} bytes`)
}
