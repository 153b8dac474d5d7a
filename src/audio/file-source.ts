import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { cannotRead, WavError } from './errors.ts'
import type { WavSource } from './wav-source.ts'

/** So much at once costs few system calls, and little memory. */
const READ_BYTES = 256 * 1024

/** A file, whose size is known and which can be read anywhere. */
export class FileSource implements WavSource {
  readonly name: string
  readonly isSeekable = true
  readonly sizeBytes: number
  readonly readAheadBytes = READ_BYTES
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.name = path
    this.#file = file
    this.sizeBytes = sizeBytes
  }

  /** @throws {WavError} `ERR_CARILLON_WAV_READ` where there is none, or something else than a file. */
  static async open(path: string): Promise<FileSource> {
    // Without O_NONBLOCK, opening a FIFO that nobody writes to would never return.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
    const file = await open(path, flags).catch((error: unknown) => {
      throw cannotRead(path, error)
    })
    try {
      return await FileSource.of(file, path)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** An open file, which is the source's from then on. */
  static async of(file: FileHandle, path: string): Promise<FileSource> {
    const stats = await file.stat().catch((error: unknown) => {
      throw cannotRead(path, error)
    })
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'it is a directory' : 'it is not a regular file'
      throw new WavError('ERR_CARILLON_WAV_READ', `cannot read ${path}: ${what}`)
    }
    return new FileSource(path, file, stats.size)
  }

  async read(offset: number, bytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(bytes)
    let filled = 0
    while (filled < bytes) {
      const { bytesRead } = await this.#file
        .read(buffer, filled, bytes - filled, offset + filled)
        .catch((error: unknown) => {
          throw cannotRead(this.name, error)
        })
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
