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
 * process, however that ends; and on `/dev/mem`, where it can be opened, for one that found another device.
 * Without the native addon nothing is locked.
 *
 * @param name the board's.
 * @param path of the device.
 * @param common what is locked for every device.
 * @returns gives it back.
 * @throws {BoardError} `ERR_CARILLON_BOARD_BUSY` where another server has it, `_ACCESS` where the device
 *   cannot be opened or locked.
 */
export function lockBoard(name: string, path: string, common = '/dev/mem'): () => void {
  const addon: LockAddon | MissingAddon = loadAddon<LockAddon>()
  if (!('lockFile' in addon)) return () => {}
  const locked: number[] = []
  const unlock = () => {
    for (const fd of locked.splice(0)) closeSync(fd)
  }
  try {
    lock(addon, name, path, openDevice(path), locked)
    const fd = path === common ? undefined : openWherePossible(common)
    if (fd !== undefined) lock(addon, name, common, fd, locked)
    return unlock
  } catch (error) {
    unlock()
    throw error
  }
}

function lock(addon: LockAddon, name: string, path: string, fd: number, locked: number[]): void {
  locked.push(fd)
  const result = addon.lockFile(fd)
  if (result === 0) return
  const reason = getSystemErrorName(result)
  throw reason === 'EAGAIN'
    ? new BoardError('ERR_CARILLON_BOARD_BUSY', `another server has the cores of ${name}`)
    : new BoardError('ERR_CARILLON_BOARD_ACCESS', `${path} could not be locked: ${reason}`)
}

function openWherePossible(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}

function openDevice(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const why = `${path} could not be opened: ${systemReason(cause)}`
    throw new BoardError('ERR_CARILLON_BOARD_ACCESS', why, { cause })
  }
}
