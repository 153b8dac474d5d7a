import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { errorCode, errorMessage } from '../errors.ts'
import type { Reactor } from '../reactor/reactor.ts'
import { Mapping } from '../shm/mapping.ts'
import {
  CACHED_UIO_NAME,
  openPlace,
  type RegionPlace,
  SURROUNDINGS,
  type Surroundings,
} from '../shm/region-place.ts'
import { systemReason } from '../system-reason.ts'
import type { BoardAccess, BoardCoreState, BoardEar, BoardPower } from './board-access.ts'
import { BellRegisters, bellPage } from './board-bells.ts'
import type { BoardDescription, BoardMemory } from './board-description.ts'
import { hex } from './board-fields.ts'
import { BOARD_LIMITS } from './board-limits.ts'
import { BoardError } from './errors.ts'
import { UioDoorbell } from './uio-doorbell.ts'

/** The maps of the driver, by their names, and the kernel's limit (MAX_UIO_MAPS). */
const MAPS = ['region', 'firmware', 'doorbells'] as const
const MAPS_MAX = 5

/** What `core_states` gives: a line for each core. */
const STATES = ['off', 'pending', 'on', 'parked'] as const
const STATES_BYTES_MAX = 512

type MapName = (typeof MAPS)[number]

/** What a test has in other places. */
export interface UioSurroundings extends Surroundings {
  /** Where the devices are. */
  readonly devices: string
}

export const UIO_SURROUNDINGS: UioSurroundings = { ...SURROUNDINGS, devices: '/dev' }

/** The driver's device: `uio0`. Undefined where the driver is not there. */
export function findUioDevice({ sysfs }: UioSurroundings = UIO_SURROUNDINGS): string | undefined {
  const folder = join(sysfs, 'class/uio')
  return namesIn(folder).find(
    (name) => /^uio\d+$/.test(name) && attribute(join(folder, name, 'name')) === CACHED_UIO_NAME,
  )
}

/**
 * Opens and maps all that the driver gives: region and firmware cached, the registers of the bells, the
 * files by which cores are started.
 *
 * @param device as {@link findUioDevice} has it.
 * @throws {BoardError} `ERR_CARILLON_BOARD_MEMORY` where its memory is not the board's,
 *   `ERR_CARILLON_BOARD_ACCESS` where something cannot be opened.
 * @throws {RegionError} where something cannot be mapped.
 */
export function openUioAccess(
  board: BoardDescription,
  device: string,
  surroundings: UioSurroundings = UIO_SURROUNDINGS,
): BoardAccess {
  const maps = findMaps(board, device, surroundings)
  const path = join(surroundings.devices, device)
  const opened: number[] = []
  const mapped: Mapping[] = []
  const close = () => {
    for (const mapping of mapped.splice(0)) mapping.unmap()
    for (const fd of opened.splice(0)) closeSync(fd)
  }
  const map = (name: MapName, bytes: number): { place: RegionPlace; memory: Uint8Array } => {
    const place = openDevice(path, { uioMap: maps[name], length: bytes }, surroundings)
    opened.push(place.fd)
    const mapping = new Mapping({ ...place, writable: true })
    mapped.push(mapping)
    return { place, memory: mapping.bytes }
  }
  try {
    const { region } = board.memory
    const firmware = map('firmware', board.memory.firmware.bytes)
    const registers = map('doorbells', BOARD_LIMITS.PAGE_BYTES)
    const bells = new BellRegisters(board, registers.memory)
    const folder = join(surroundings.sysfs, 'class/uio', device, 'device')
    const power = openPower(folder, opened)
    return {
      board,
      region: { path, place: { uioMap: maps.region, length: region.bytes } },
      memoryType: 'cached',
      firmware: firmware.memory,
      power,
      ring: (number) => bells.ring(number),
      listen: (onBell, reactor) => listen(firmware.place.fd, onBell, reactor),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** @throws {BoardError} `ERR_CARILLON_BOARD_ACCESS` where it is not this user's, or not there any more. */
function openDevice(
  path: string,
  map: { readonly uioMap: number; readonly length: number },
  surroundings: UioSurroundings,
): RegionPlace {
  try {
    return openPlace(path, true, map, surroundings)
  } catch (cause) {
    if (errorCode(cause) !== 'ERR_CARILLON_MAPPING') throw cause
    throw new BoardError('ERR_CARILLON_BOARD_ACCESS', errorMessage(cause), { cause })
  }
}

/** Each core is rung by its own register, and all of them ring by one interrupt. */
function listen(fd: number, onBell: () => void, reactor?: Reactor): BoardEar {
  return new UioDoorbell(fd, () => {}, onBell, reactor)
}

/** The numbers of the driver's maps, which lie where the board says. */
function findMaps(
  board: BoardDescription,
  device: string,
  { sysfs }: UioSurroundings,
): Record<MapName, number> {
  const folder = join(sysfs, 'class/uio', device, 'maps')
  const about = (index: number, name: string) => attribute(join(folder, `map${index}`, name))
  const wanted: Record<MapName, BoardMemory> = {
    region: board.memory.region,
    firmware: board.memory.firmware,
    doorbells: { address: bellPage(board), bytes: BOARD_LIMITS.PAGE_BYTES },
  }
  const find = (name: MapName): number => {
    const indices = Array.from({ length: MAPS_MAX }, (_, index) => index)
    const index = indices.find((one) => about(one, 'name') === name)
    if (index === undefined) throw refused(board, device, `has no map ${name}`)
    const [address, bytes] = [Number(about(index, 'addr')), Number(about(index, 'size'))]
    if (address !== wanted[name].address || !(bytes >= wanted[name].bytes)) {
      const why = `has ${name} at ${hex(address)} with ${hex(bytes)} bytes, not at ${hex(wanted[name].address)} with ${hex(wanted[name].bytes)}`
      throw refused(board, device, why)
    }
    return index
  }
  return { region: find('region'), firmware: find('firmware'), doorbells: find('doorbells') }
}

function openPower(folder: string, opened: number[]): BoardPower {
  const start = openAttribute(join(folder, 'start_core'), constants.O_WRONLY)
  opened.push(start)
  const states = openAttribute(join(folder, 'core_states'), constants.O_RDONLY)
  opened.push(states)
  const text = Buffer.alloc(STATES_BYTES_MAX)
  return {
    start(number, address) {
      access(`core ${number} could not be started`, () =>
        writeSync(start, `${number} ${hex(address)}\n`, 0),
      )
    },
    state(number): BoardCoreState {
      const bytes = access('the states of the cores could not be read', () =>
        readSync(states, text, 0, text.length, 0),
      )
      const state = stateOf(text.toString('latin1', 0, bytes), number)
      if (state !== undefined) return state
      throw new BoardError('ERR_CARILLON_BOARD_ACCESS', `the driver says nothing of core ${number}`)
    },
  }
}

function stateOf(text: string, number: number): BoardCoreState | undefined {
  for (const line of text.split('\n')) {
    const [core, state] = line.trim().split(/\s+/)
    if (core === `${number}`) return STATES.find((one) => one === state)
  }
  return undefined
}

function openAttribute(path: string, flags: number): number {
  return access(`${path} could not be opened`, () => openSync(path, flags))
}

function access<T>(what: string, use: () => T): T {
  try {
    return use()
  } catch (cause) {
    throw new BoardError('ERR_CARILLON_BOARD_ACCESS', `${what}: ${systemReason(cause)}`, { cause })
  }
}

function refused(board: BoardDescription, device: string, why: string): BoardError {
  return new BoardError(
    'ERR_CARILLON_BOARD_MEMORY',
    `the driver's device ${device} ${why}, which the board ${board.name} needs`,
  )
}

function attribute(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
