import { closeSync } from 'node:fs'
import { errorCode, errorMessage } from '../errors.ts'
import { Mapping } from '../shm/mapping.ts'
import { openPlace } from '../shm/region-place.ts'
import type { BoardAccess } from './board-access.ts'
import { BellRegisters, bellPage } from './board-bells.ts'
import type { BoardDescription } from './board-description.ts'
import { BOARD_LIMITS } from './board-limits.ts'
import { BoardError } from './errors.ts'
import { TimerDoorbell } from './timer-doorbell.ts'

/** All of the machine's memory, by its physical addresses. */
const PHYSICAL_MEMORY = '/dev/mem'

/**
 * Reaches the firmware without the driver, by `/dev/mem`: as a device's memory, without starting cores,
 * and without an interrupt, so that this host looks a thousand times a second instead.
 *
 * @throws {BoardError} `ERR_CARILLON_BOARD_ACCESS` where that is not to be had.
 */
export function openPhysicalAccess(board: BoardDescription): BoardAccess {
  const mapped: Mapping[] = []
  const close = () => {
    for (const mapping of mapped.splice(0)) mapping.unmap()
  }
  const map = (offset: number, length: number): Uint8Array => {
    const place = openPlace(PHYSICAL_MEMORY, true, { offset, length })
    try {
      const mapping = new Mapping({ ...place, writable: true })
      mapped.push(mapping)
      return mapping.bytes
    } finally {
      closeSync(place.fd)
    }
  }
  try {
    const { region, firmware } = board.memory
    const memory = map(firmware.address, firmware.bytes)
    const bells = new BellRegisters(board, map(bellPage(board), BOARD_LIMITS.PAGE_BYTES))
    return {
      board,
      region: {
        path: PHYSICAL_MEMORY,
        place: { offset: region.address, length: region.bytes },
      },
      memoryType: 'device',
      firmware: memory,
      power: undefined,
      ring: (number) => bells.ring(number),
      listen: (onBell, reactor) => new TimerDoorbell(onBell, undefined, reactor),
      close,
    }
  } catch (cause) {
    close()
    if (errorCode(cause) === 'ERR_CARILLON_ARGUMENT') throw cause
    throw new BoardError(
      'ERR_CARILLON_BOARD_ACCESS',
      `the board ${board.name} cannot be reached: there is no UIO device of the driver (boards/linux), and without it ${errorMessage(cause)}`,
      { cause },
    )
  }
}
