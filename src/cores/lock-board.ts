import { closeSync, openSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { loadAddon, type MissingAddon } from '../native-addon.ts'
import { systemReason } from '../system-reason.ts'
import { BoardError } from './errors.ts'

interface LockAddon {
  /** 0, or a negative error number. */
  lockFile(fd: number): number
}

/**
 * Keeps other servers from a board: each would write over the region of the one before, and start its
 * cores. The lock is one of `flock` on the device that the memory is mapped from, so it ends with the
 * process, however that ends. Without the native addon nothing is locked.
 *
 * @param name the board's.
 * @param path of the device.
 * @returns gives it back.
 * @throws {BoardError} `ERR_CARILLON_BOARD_BUSY` where another server has it, `_ACCESS` where the device
 *   cannot be opened or locked.
 */
export function lockBoard(name: string, path: string): () => void {
  const addon: LockAddon | MissingAddon = loadAddon<LockAddon>()
  if (!('lockFile' in addon)) return () => {}
  const fd = openDevice(path)
  const result = addon.lockFile(fd)
  if (result === 0) return () => closeSync(fd)
  closeSync(fd)
  const reason = getSystemErrorName(result)
  throw reason === 'EAGAIN'
    ? new BoardError('ERR_CARILLON_BOARD_BUSY', `another server has the cores of ${name}`)
    : new BoardError('ERR_CARILLON_BOARD_ACCESS', `${path} could not be locked: ${reason}`)
}

function openDevice(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const why = `${path} could not be opened: ${systemReason(cause)}`
    throw new BoardError('ERR_CARILLON_BOARD_ACCESS', why, { cause })
  }
}
