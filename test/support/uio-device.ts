import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bellPage } from '../../src/cores/board-bells.ts'
import type { BoardDescription } from '../../src/cores/board-description.ts'
import type { UioSurroundings } from '../../src/cores/uio-access.ts'

const PAGE_BYTES = 4096

/** Where things are that stand in for a UIO device: files, of which the device is one. */
export interface UioDevice {
  readonly surroundings: UioSurroundings
  /** The folder of the device in sysfs, and the file that is its memory. */
  readonly sysfs: string
  readonly memory: string
}

/**
 * Makes files that stand in for the driver's device, below a folder. Its maps overlap, as each starts a
 * page behind the one before.
 *
 * @param name of the device: `uio0`.
 */
export function makeUioDevice(folder: string, board: BoardDescription, name = 'uio0'): UioDevice {
  const devices = join(folder, 'dev')
  const root = join(folder, 'sys')
  const sysfs = join(root, 'class/uio', name)
  mkdirSync(devices, { recursive: true })
  mkdirSync(join(sysfs, 'device'), { recursive: true })
  const put = (path: string, text: string) => writeFileSync(join(sysfs, path), `${text}\n`)
  put('name', 'carillon')
  put('dev', '240:0')
  put('device/start_core', '')
  put('device/core_states', '1 off\n2 on\n3 parked')
  const { region, firmware } = board.memory
  const maps = {
    region,
    firmware,
    doorbells: { address: bellPage(board), bytes: PAGE_BYTES },
  }
  for (const [index, [map, { address, bytes }]] of Object.entries(maps).entries()) {
    mkdirSync(join(sysfs, `maps/map${index}`), { recursive: true })
    put(`maps/map${index}/name`, map)
    put(`maps/map${index}/addr`, `0x${address.toString(16)}`)
    put(`maps/map${index}/size`, `0x${bytes.toString(16)}`)
    put(`maps/map${index}/offset`, '0x0')
  }
  const memory = join(devices, name)
  writeFileSync(memory, '')
  truncateSync(memory, Math.max(region.bytes, firmware.bytes) + 3 * PAGE_BYTES)
  const surroundings = {
    devices,
    sysfs: root,
    user: process.geteuid?.() ?? 0,
    deviceNumber: () => '240:0',
  }
  return { surroundings, sysfs, memory }
}
