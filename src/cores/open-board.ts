import type { BoardAccess } from './board-access.ts'
import { openPhysicalAccess } from './physical-access.ts'
import { readBoard } from './read-board.ts'
import {
  findUioDevice,
  openUioAccess,
  UIO_SURROUNDINGS,
  type UioSurroundings,
} from './uio-access.ts'

/**
 * Opens the board that this machine is: by the driver where that is there, else by `/dev/mem`. Takes
 * root in either case; what was opened stays usable without.
 *
 * @param name `qemu-virt`.
 * @throws {BoardError} where there is no such board, or it cannot be reached.
 * @throws {RegionError} where its memory cannot be mapped.
 */
export function openBoard(
  name: string,
  surroundings: UioSurroundings = UIO_SURROUNDINGS,
): BoardAccess {
  const board = readBoard(name)
  const device = findUioDevice(surroundings)
  return device === undefined
    ? openPhysicalAccess(board)
    : openUioAccess(board, device, surroundings)
}
