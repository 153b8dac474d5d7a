import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Puts bytes into a file that has no name and is gone once nobody has it open.
 *
 * @returns its descriptor, which whoever calls closes.
 * @throws the system's error where it cannot be made.
 */
export function unnamedFile(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-'))
  try {
    const fd = openSync(join(folder, 'file'), 'wx+', 0o600)
    try {
      let written = 0
      while (written < bytes.length) written += writeSync(fd, bytes, written)
      return fd
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
