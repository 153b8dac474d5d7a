import { constants } from 'node:os'
import { systemReason } from '../system-reason.ts'
import { RegionError } from './errors.ts'
import {
  chooseMapper,
  type MappedPlace,
  type Mapper,
  type MappingAddon,
  mapperNamed,
  mappingAddon,
  SystemRefusal,
} from './mappers.ts'
import { markReadOnly } from './read-only-memory.ts'

/**
 * The size of a page of memory, in bytes.
 *
 * @throws {RegionError} `ERR_CARILLON_MAPPING_UNAVAILABLE`.
 */
export function pageBytes(): number {
  return chooseMapper().pageBytes
}

/**
 * Memory that is shared with whoever else maps the same file or device. It lasts until `unmap`, or
 * until nothing refers to it any more.
 *
 * The caller has made sure that the file is that long. Where it is cut short later, touching what is
 * gone would end the process: with the native addon, all of the memory is then replaced with zeros of
 * this process's own, and `isTruncated` says so.
 */
export class Mapping {
  readonly #place: MappedPlace
  readonly #addon = mappingAddon()
  readonly #memory: ArrayBufferLike
  /** The index of its flag; -1 without the addon. */
  readonly #guard: number
  #isMapped = true

  /**
   * @throws {ArgumentError} where the environment names a mapper that there is not.
   * @throws {RegionError} `ERR_CARILLON_MAPPING`, `ERR_CARILLON_MAPPING_UNAVAILABLE`.
   */
  constructor(place: MappedPlace, mapper = mapperFor(place)) {
    this.#place = place
    try {
      this.#memory = mapper.map(place)
      if (!place.writable) markReadOnly(this.#memory)
      this.#guard = this.#addon === undefined ? -1 : guardedBy(this.#addon, this.#memory)
    } catch (error) {
      throw notMapped(place, error)
    }
  }

  /** All of it. Not a Buffer: its slice() would be a view where a Uint8Array's is a copy. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#memory)
  }

  /** Whether somebody touched what the file no longer has. Never, without the addon. */
  get isTruncated(): boolean {
    if (!this.#isMapped || this.#guard < 0) return false
    // Acquire: zeros have taken the file's place before the flag.
    return Atomics.load(flagsOf(this.#addon), this.#guard) !== 0
  }

  /**
   * Maps the file in place of the zeros, at the same address: every view of it goes on. The caller has
   * made sure that the file is long enough again.
   *
   * @param fd the file, open.
   * @throws {RegionError} `ERR_CARILLON_MAPPING`.
   */
  restore(fd: number): void {
    if (!this.isTruncated) return
    const { offset, writable } = this.#place
    try {
      checked(this.#addon?.restore(this.#guard, fd, offset, writable) ?? 0)
    } catch (error) {
      throw notMapped(this.#place, error)
    }
  }

  /**
   * Takes the memory away from all views: they are empty from then on, `Atomics` and `DataView` throw
   * a TypeError, and the memory is unmapped in the next turn of the event loop. Harmless the second
   * time.
   *
   * Without the addon, views become empty from Node 22 on, and the memory is unmapped when it is
   * collected. On Node 20 without the addon the views stay as they are until then.
   */
  unmap(): void {
    if (!this.#isMapped) return
    this.#isMapped = false
    if (this.#addon !== undefined) this.#addon.release(this.#memory)
    // What it returns is dropped, and with it the memory.
    else if ('transfer' in this.#memory) (this.#memory as Transferable).transfer()
  }
}

/** An ArrayBuffer of Node 22 and later. */
interface Transferable {
  transfer(): unknown
}

/** The chosen one; where that cannot reach so far, the addon's. */
function mapperFor({ offset, bytes }: MappedPlace): Mapper {
  const chosen = chooseMapper()
  if (Math.max(offset, bytes) <= chosen.highest) return chosen
  const addon = mapperNamed('addon')
  if (!('reason' in addon)) return addon
  throw new RegionError(
    'ERR_CARILLON_MAPPING',
    `${bytes} bytes at ${offset} cannot be mapped: mmap-io reaches ${chosen.highest} bytes, and ${addon.reason}`,
  )
}

function flagsOf(addon: MappingAddon | undefined): Int32Array {
  return addon?.guardFlags ?? new Int32Array(0)
}

function guardedBy(addon: MappingAddon, memory: ArrayBufferLike): number {
  const index = addon.guard(memory)
  if (index !== -constants.errno.ENOSPC) return checked(index)
  const { length } = addon.guardFlags
  throw new Error(`a process has at most ${length} mappings, and some must be closed first`)
}

function checked(result: number): number {
  if (result < 0) throw new SystemRefusal(result)
  return result
}

function notMapped({ bytes, offset }: MappedPlace, cause: unknown): RegionError {
  return new RegionError(
    'ERR_CARILLON_MAPPING',
    `${bytes} bytes at ${offset} could not be mapped: ${systemReason(cause)}`,
    { cause },
  )
}
