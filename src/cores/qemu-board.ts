import type { MemoryRange } from './firmware-memory.ts'

/** A board that QEMU has and that there is firmware for: what differs from one to another. */
export interface QemuBoard {
  /** The name of its port: `firmware/port/NAME`. */
  readonly kind: 'virt' | 'raspi3'
  /** The exception levels at which firmware can begin there; the first unless something else is said. */
  readonly entryLevels: readonly EntryLevel[]
  /** What QEMU calls it. */
  readonly machine: string
  /** The memory that an image may take, with what it sets up there by itself. */
  readonly image: MemoryRange
  /** Whether QEMU takes the image as what it loads to `image.start` and enters there, instead of as an ELF file. */
  readonly takesFlatImage: boolean
  /** Where a region has to lie in its file. */
  readonly place: RegionFilePlace
  /** The largest region that the firmware maps, in bytes. */
  readonly regionBytesMax: number
  /** The physical address of the region. */
  readonly regionAddress: number
  /** The arguments that say what the machine is and which memory it has. */
  machineArguments(options: MachineOptions): string[]
}

/** At most boards it is 2. */
export type EntryLevel = 1 | 2

/** Where a region lies in its file, for `SharedRegion.create`. */
export interface RegionFilePlace {
  /** In bytes. */
  readonly offset: number
  /** How long the file is, in bytes. Undefined where it ends with the region. */
  readonly fileBytes?: number
  /** Up to how much besides the region gets contents, in bytes. Default 0. */
  readonly roomBytes?: number
}

export interface MachineOptions {
  /** How many cores are used: 1 to 4. */
  readonly cores: number
  /** The region's file. */
  readonly path: string
  /** Of the region: whole pages of 4 KiB. */
  readonly regionBytes: number
  readonly entryLevel: EntryLevel
}

/** In QEMU's options a comma ends a value, and two are one. */
export function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
