import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '../errors.ts'
import { CoreError } from './errors.ts'

/**
 * A file that has no name any more, for a process that inherits it. It is gone once nobody has it open.
 *
 * @returns its descriptor, which is the caller's to close.
 * @throws {CoreError} `ERR_CARILLON_CORE_START` where it cannot be written.
 */
export function namelessFile(contents: Uint8Array): number {
  const path = join(tmpdir(), `carillon-image-${randomBytes(8).toString('hex')}`)
  let fd: number | undefined
  try {
    fd = openSync(path, 'wx+', 0o600)
    rmSync(path)
    for (let at = 0; at < contents.length; ) at += writeSync(fd, contents, at)
    return fd
  } catch (cause) {
    if (fd !== undefined) closeSync(fd)
    throw new CoreError(
      'ERR_CARILLON_CORE_START',
      `the image for QEMU cannot be written among the temporary files: ${errorMessage(cause)}`,
      { cause },
    )
  }
}
