import { ArgumentError } from '../errors.ts'
import type { FirmwareIdentity } from '../shm/firmware-note.ts'
import { checkFirmware, type FirmwareKind } from './check-firmware.ts'
import type { ElfFile } from './elf-file.ts'
import { ELF_SEGMENT, ELF_SEGMENT_FLAG, type ElfSegment } from './elf-segment.ts'
import { CoreError } from './errors.ts'
import { firmwareMemory, type MemoryRange } from './firmware-memory.ts'

/** What an image must be to be loaded somewhere. */
export interface FirmwareTarget extends FirmwareKind {
  /** The memory that it may take. */
  readonly memory: MemoryRange
  /** The physical address at which it has to begin. Undefined where it may anywhere in its code. */
  readonly entry?: bigint
  /** The objects that the host sets, each with the bytes that it writes there. */
  readonly symbols: Readonly<Record<string, number>>
}

/** What is to be in memory before an image runs. */
export interface LoadableSegment {
  readonly physicalAddress: bigint
  /** Its first bytes; zeros follow, up to `memoryBytes`. */
  readonly bytes: Uint8Array
  readonly memoryBytes: bigint
  /** 1 to execute, 2 to write, 4 to read. */
  readonly flags: number
}

/** Where an object that the host sets lies in a segment. */
interface SymbolPlace {
  readonly segment: ElfSegment
  readonly offset: number
  readonly bytes: number
}

/**
 * A bare-metal image that was checked: it is for its machine, its segments lie in that machine's
 * memory and apart from each other, and what the host has to set is there.
 *
 * The segments together have no more bytes than the memory of their target.
 */
export class FirmwareImage {
  /** What messages call it. */
  readonly name: string
  readonly machine: number
  readonly identity: FirmwareIdentity
  /** Physical address at which execution begins. */
  readonly entry: bigint
  /** What it takes of the memory, with what it sets up there by itself. */
  readonly memory: MemoryRange
  readonly #elf: ElfFile
  readonly #segments: readonly ElfSegment[]
  readonly #places: ReadonlyMap<string, SymbolPlace>

  /**
   * @throws {CoreError} as `checkFirmware`; and `ERR_CARILLON_FIRMWARE_EMPTY` where there is nothing
   *   to load, `_ADDRESS` where a segment lies outside the memory of the target, `_MEMORY` where the
   *   image takes more than that besides, `_OVERLAP` where segments overlap, `_ENTRY` where execution
   *   would not begin in code, or not
   *   where the target has it, `_SYMBOL`, `_SYMBOL_SIZE` and `_SYMBOL_PLACE` where an object that the
   *   host sets is missing, too small, or not among what is loaded.
   * @throws {LayoutError}, {@link ElfError} as `checkFirmware`.
   */
  constructor(elf: ElfFile, target: FirmwareTarget) {
    this.identity = checkFirmware(elf, target)
    this.name = elf.name
    this.machine = elf.machine
    this.#elf = elf
    this.#segments = loadedSegments(elf)
    this.memory = checkMemory(elf, this.#segments, target)
    this.entry = checkEntry(elf, this.#segments, target)
    this.#places = placesOf(elf, this.#segments, target.symbols)
  }

  /** The physical address of one of the target's symbols. */
  addressOf(symbol: string): bigint {
    const place = this.#places.get(symbol)
    if (place === undefined) throw new ArgumentError(`nobody asked for ${symbol} in ${this.name}`)
    return place.segment.physicalAddress + BigInt(place.offset)
  }

  /**
   * The segments, by their addresses, with objects set. Copies: the image stays as it is.
   *
   * @param values the bytes of each of the target's symbols, as many as the target says.
   * @throws {ArgumentError} where they are not.
   */
  load(values: Readonly<Record<string, Uint8Array>>): LoadableSegment[] {
    const copies = new Map(
      this.#segments.map((segment) => [segment, Uint8Array.from(this.#elf.bytesOf(segment))]),
    )
    for (const [name, { segment, offset, bytes }] of this.#places) {
      const value = values[name]
      if (value?.length !== bytes) throw new ArgumentError(`${name} takes ${bytes} bytes`)
      copies.get(segment)?.set(value, offset)
    }
    return [...copies].map(([{ physicalAddress, memoryBytes, flags }, bytes]) => ({
      ...{ physicalAddress, bytes, memoryBytes, flags },
    }))
  }
}

/** What of an ELF file is loaded, by its physical addresses. */
export function loadedSegments(elf: ElfFile): ElfSegment[] {
  return elf.segments
    .filter(({ type, memoryBytes }) => type === ELF_SEGMENT.LOAD && memoryBytes > 0n)
    .sort((a, b) => (a.physicalAddress < b.physicalAddress ? -1 : 1))
}

function checkMemory(
  elf: ElfFile,
  segments: readonly ElfSegment[],
  { name, memory }: FirmwareTarget,
): MemoryRange {
  const room = `the memory of ${name} for it is from ${hex(memory.start)} to ${hex(memory.end)}`
  let previousEnd = memory.start
  for (const [index, { physicalAddress: start, memoryBytes }] of segments.entries()) {
    const end = start + memoryBytes
    if (start < memory.start || end > memory.end) {
      throw refused(
        elf,
        'ADDRESS',
        `a segment would lie from ${hex(start)} to ${hex(end)}, and ${room}`,
      )
    }
    if (index > 0 && start < previousEnd) {
      throw refused(elf, 'OVERLAP', `two segments would lie at ${hex(start)}`)
    }
    previousEnd = end
  }
  const taken = firmwareMemory(elf)
  if (taken === undefined || segments.length === 0) {
    throw refused(elf, 'EMPTY', 'it has nothing to load')
  }
  if (taken.start < memory.start || taken.end > memory.end) {
    throw refused(elf, 'MEMORY', `it takes ${hex(taken.start)} to ${hex(taken.end)}, and ${room}`)
  }
  return taken
}

function checkEntry(elf: ElfFile, segments: readonly ElfSegment[], target: FirmwareTarget): bigint {
  const found = segments.find((segment) => isWithin(segment, elf.entry, 1n))
  if (found === undefined || (found.flags & ELF_SEGMENT_FLAG.EXECUTE) === 0) {
    throw refused(elf, 'ENTRY', `it would begin at ${hex(elf.entry)}, where no code is loaded`)
  }
  const entry = elf.entry - found.virtualAddress + found.physicalAddress
  if (target.entry !== undefined && entry !== target.entry) {
    const why = `it would begin at ${hex(entry)}, and ${target.name} begins at ${hex(target.entry)}`
    throw refused(elf, 'ENTRY', why)
  }
  return entry
}

function placesOf(
  elf: ElfFile,
  segments: readonly ElfSegment[],
  wanted: Readonly<Record<string, number>>,
): Map<string, SymbolPlace> {
  // Of the file's own: what it only refers to has no section.
  const symbols = elf.symbols().filter(({ section }) => section !== 0)
  const places = new Map<string, SymbolPlace>()
  for (const [name, bytes] of Object.entries(wanted)) {
    const symbol = symbols.find((one) => one.name === name)
    if (symbol === undefined) throw refused(elf, 'SYMBOL', `it has no ${name}, which the host sets`)
    if (symbol.bytes < bytes) {
      const why = `its ${name} has ${symbol.bytes} bytes, and the host sets ${bytes}`
      throw refused(elf, 'SYMBOL_SIZE', why)
    }
    // In the file: what is only in memory is zeroed by the firmware as it begins.
    const segment = segments.find((one) => isWithin(one, symbol.value, BigInt(bytes)))
    if (segment === undefined) {
      const why = `its ${name} at ${hex(symbol.value)} is not among what is loaded`
      throw refused(elf, 'SYMBOL_PLACE', why)
    }
    places.set(name, { segment, offset: Number(symbol.value - segment.virtualAddress), bytes })
  }
  return places
}

/** Whether `bytes` at a virtual address are a segment's, and in the file. */
function isWithin(segment: ElfSegment, address: bigint, bytes: bigint): boolean {
  const { virtualAddress, fileBytes } = segment
  return address >= virtualAddress && address + bytes <= virtualAddress + BigInt(fileBytes)
}

function refused(elf: ElfFile, what: string, why: string): CoreError {
  return new CoreError(`ERR_CARILLON_FIRMWARE_${what}`, `${elf.name} cannot be loaded: ${why}`)
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`
}
