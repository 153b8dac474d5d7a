import { fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { errorCode, errorMessage } from '../errors.ts'
import { RegionError } from './errors.ts'

/** Zeros that are written together: enough that the calls do not count, little to hold. */
const WRITE_BYTES = 64 * 1024

/** Where in a new file a region lies. The rest of it has no contents, and takes no memory. */
export interface NewFileOptions {
  /** Where the region starts, in bytes; whole pages. Default 0. */
  readonly offset?: number
  /** How long the file is, in bytes: at least to the end of the region. Default: to there. */
  readonly fileBytes?: number
}

/**
 * Makes a file for a region, open for reading and writing here; nobody has the right to write to it
 * by its name.
 *
 * @returns its descriptor.
 *
 * @throws {RegionError} `ERR_CARILLON_MAPPING` where it exists, or cannot be made.
 */
export function createFile(path: string): number {
  try {
    return openSync(path, 'wx+', 0o400)
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      errorCode(error) === 'EEXIST'
        ? `${path} exists already`
        : `${path} could not be opened: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}

/** What a region takes of its file, in bytes. */
export interface Allocation {
  /** Where it starts. */
  readonly offset: number
  /** How long it is. */
  readonly bytes: number
  /** How long the file must be. */
  readonly fileBytes: number
}

/**
 * Makes the file as long as it must be, and writes the zeros of the region instead of only setting the
 * size: a file system that is full says so now, where touching a page that it cannot provide would
 * kill the process.
 *
 * @param path for the message.
 * @throws {RegionError} `ERR_CARILLON_MAPPING`.
 */
export function allocate(fd: number, path: string, { offset, bytes, fileBytes }: Allocation): void {
  const zeros = Buffer.alloc(Math.min(bytes, WRITE_BYTES))
  try {
    if (fstatSync(fd).size < fileBytes) ftruncateSync(fd, fileBytes)
    for (let at = 0; at < bytes; ) {
      at += writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), offset + at)
    }
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      `${path} could not be made ${bytes} bytes long: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}
