import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { systemReason } from '../system-reason.ts'
import { ElfFile } from './elf-file.ts'
import { ELF_LIMITS } from './elf-limits.ts'
import { ElfError } from './errors.ts'

/**
 * Reads the ELF file at `path`.
 *
 * @throws {ElfError} `ERR_CARILLON_ELF_READ` where there is no file to read there, or one of more
 *   than 64 MiB; `ERR_CARILLON_ELF…` as `ElfFile` where it is no sound ELF file.
 */
export async function readElfFile(path: string): Promise<ElfFile> {
  return new ElfFile(path, await readWhole(path))
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    // Without O_NONBLOCK, opening a FIFO that nobody writes to would never return.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return await readRegularFile(file)
    } finally {
      await file.close()
    }
  } catch (cause) {
    const sentence = `cannot read ${path}: ${systemReason(cause)}`
    throw new ElfError('ERR_CARILLON_ELF_READ', sentence, { cause })
  }
}

async function readRegularFile(file: FileHandle): Promise<Buffer> {
  const stats = await file.stat()
  if (!stats.isFile()) {
    throw new Error(stats.isDirectory() ? 'it is a directory' : 'it is not a regular file')
  }
  if (stats.size > ELF_LIMITS.FILE_BYTES_MAX) {
    throw new Error(`it has ${stats.size} bytes, more than ${ELF_LIMITS.FILE_BYTES_MAX}`)
  }
  // As many as were announced, though the file may be growing.
  const bytes = Buffer.alloc(stats.size)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
