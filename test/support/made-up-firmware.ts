import { BOOT_PARAMETERS, BOOT_PARAMETERS_BYTES } from '../../src/cores/boot-parameters.ts'
import type { FirmwareTarget } from '../../src/cores/firmware-image.ts'
import {
  FIRMWARE_INTERFACE,
  FIRMWARE_NOTE_OWNER,
  FIRMWARE_NOTE_TYPE,
  FirmwareNote,
} from '../../src/shm/firmware-note.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import {
  elfImage,
  type ImageSegment,
  type ImageSymbol,
  objectTable,
  SECTION_TYPE,
  stringTable,
} from './elf-image.ts'
import { type LayoutImage, layoutImage } from './layout-image.ts'

/** A machine with 64 KiB for an image. */
export const TARGET: FirmwareTarget = {
  ...{ name: 'the board', port: 'board', machine: 183, bits: 64, types: [2] },
  memory: { start: 0x10000n, end: 0x20000n },
  symbols: { [BOOT_PARAMETERS]: BOOT_PARAMETERS_BYTES },
}

export interface NoteImage {
  readonly owner?: string
  readonly ownerBytes?: number
  readonly contentBytes?: number
  readonly type?: number
  readonly interfaceVersion?: number
  readonly port?: string
  readonly version?: string
}

/** The note as a compiler would leave it in an ELF file. */
export function noteImage(changes: NoteImage = {}): Uint8Array {
  const bytes = new Uint8Array(FirmwareNote.bytes)
  Object.assign(viewStruct(FirmwareNote, memoryOver(bytes), 0, 'core'), {
    ownerBytes: FIRMWARE_NOTE_OWNER.length + 1,
    contentBytes: FirmwareNote.bytes - FirmwareNote.offsets.interfaceVersion,
    type: FIRMWARE_NOTE_TYPE,
    owner: FIRMWARE_NOTE_OWNER,
    interfaceVersion: FIRMWARE_INTERFACE,
    ...{ port: 'board', version: '1.2.3' },
    ...changes,
  })
  return bytes
}

export interface MadeUpFirmware {
  readonly machine?: number
  readonly bits?: 32 | 64
  readonly type?: number
  readonly entry?: bigint
  readonly segments?: readonly ImageSegment[]
  /** Undefined: none. */
  readonly note?: Uint8Array | undefined
  readonly layout?: LayoutImage | undefined
  /** Of the object that the host sets. */
  readonly symbol?: ImageSymbol | undefined
  /** What it takes of the memory besides. */
  readonly stacks?: { readonly address: bigint; readonly memoryBytes: bigint }
}

export const CODE: ImageSegment = segmentAt(0x10000n, 0x100, 5)
export const DATA: ImageSegment = segmentAt(0x11000n, 0x40, 6)
export const PARAMETERS: ImageSymbol = {
  ...{ value: 0x11000n, bytes: BigInt(BOOT_PARAMETERS_BYTES), section: 2 },
}

/** A segment whose bytes are 1, 2, 3, … */
export function segmentAt(address: bigint, bytes: number, flags = 6, memoryBytes = 0n) {
  return {
    flags,
    bytes: Uint8Array.from({ length: bytes }, (_, at) => at + 1),
    ...{ virtualAddress: address, physicalAddress: address },
    memoryBytes: memoryBytes > BigInt(bytes) ? memoryBytes : BigInt(bytes),
  }
}

/** An image for {@link TARGET}, but for what is said. */
export function madeUpFirmware(changes: MadeUpFirmware = {}): Buffer {
  const { machine = 183, bits = 64, type = 2, entry = 0x10000n, segments = [CODE, DATA] } = changes
  const { note, layout, symbol } = {
    ...{ note: noteImage(), layout: {}, symbol: PARAMETERS },
    ...changes,
  }
  const names = stringTable([BOOT_PARAMETERS])
  const inMemory = segments.map(({ physicalAddress = 0n, bytes, memoryBytes = 0n }, index) => ({
    ...{ name: `.part${index}`, type: SECTION_TYPE.NO_BITS, flags: 2, address: physicalAddress },
    memoryBytes: memoryBytes || BigInt(bytes?.length ?? 0),
  }))
  const { stacks } = changes
  const sections = [
    ...inMemory,
    ...(stacks === undefined
      ? []
      : [{ name: '.stacks', type: SECTION_TYPE.NO_BITS, flags: 2, ...stacks }]),
    ...(layout === undefined ? [] : [{ name: '.layout_table', bytes: layoutImage(layout) }]),
    ...(note === undefined ? [] : [{ name: '.note.carillon', type: 7, bytes: note }]),
  ]
  const symbols = symbol === undefined ? [] : [symbol]
  return elfImage({
    ...{ bits, machine, type, entry, segments },
    sections: [
      ...sections,
      {
        ...{ name: '.symtab', type: SECTION_TYPE.SYMBOLS, link: sections.length + 2 },
        ...{ bytes: objectTable(names.offsets, symbols), entryBytes: 24 },
      },
      { name: '.strtab', type: SECTION_TYPE.STRINGS, bytes: names.bytes },
    ],
  })
}
