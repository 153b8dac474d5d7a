import {
  FIRMWARE_INTERFACE,
  FIRMWARE_NOTE_SECTION,
  type FirmwareIdentity,
  readFirmwareNote,
} from '../shm/firmware-note.ts'
import { compareElfLayout, layoutDifference } from './compare-elf-layout.ts'
import type { ElfBits } from './elf-cursor.ts'
import type { ElfFile } from './elf-file.ts'
import { machineName } from './elf-machine.ts'
import { CoreError } from './errors.ts'

/** Kinds of ELF file (`e_type`). */
const TYPES: Readonly<Record<number, string>> = {
  1: 'an object',
  2: 'a program',
  3: 'a program or library that may lie anywhere',
}

/** What firmware must be to run somewhere. */
export interface FirmwareKind {
  /** What messages call where it runs: `QEMU's board virt`. */
  readonly name: string
  /** As the firmware's note has it: `virt`. */
  readonly port: string
  /** The processor (`e_machine`). */
  readonly machine: number
  readonly bits: ElfBits
  /** Kinds of ELF file that are taken (`e_type`). */
  readonly types: readonly number[]
}

/**
 * Checks what a firmware is and what it was built for, before anything of it is used: the processor,
 * the layout of the shared memory, and its note.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MACHINE`, `_CLASS`, `_TYPE`, `_NOTE`, `_PORT`, `_VERSION`.
 * @throws {LayoutError} where its layout is another one, or not known; `ERR_CARILLON_FIRMWARE_NOTE`
 *   where the note is damaged.
 * @throws {ElfError} where it is damaged.
 */
export function checkFirmware(elf: ElfFile, kind: FirmwareKind): FirmwareIdentity {
  const { name } = elf
  const refuse = (what: string, why: string) =>
    new CoreError(
      `ERR_CARILLON_FIRMWARE_${what}`,
      `${name} is no firmware for ${kind.name}: ${why}`,
    )
  if (elf.machine !== kind.machine) {
    throw refuse(
      'MACHINE',
      `it is for ${machineName(elf.machine)}, not ${machineName(kind.machine)}`,
    )
  }
  if (elf.bits !== kind.bits) throw refuse('CLASS', `it is of ${elf.bits} bits, not ${kind.bits}`)
  if (!kind.types.includes(elf.type)) throw refuse('TYPE', `it is ${elfTypeName(elf.type)}`)
  const { differences } = compareElfLayout(elf)
  if (differences.length > 0) throw layoutDifference(name, differences)
  const identity = firmwareIdentity(elf)
  if (identity === undefined) {
    throw refuse('NOTE', `it has no section ${FIRMWARE_NOTE_SECTION}, which says what it runs on`)
  }
  if (identity.port !== kind.port) throw refuse('PORT', `it is the port ${identity.port}`)
  if (identity.interfaceVersion !== FIRMWARE_INTERFACE) {
    throw refuse(
      'VERSION',
      `it was built for version ${identity.interfaceVersion} of what firmware and host agree on, and this host has version ${FIRMWARE_INTERFACE}`,
    )
  }
  return identity
}

/**
 * What a firmware's note says; undefined where it has none.
 *
 * @throws {LayoutError} `ERR_CARILLON_FIRMWARE_NOTE` where it is damaged.
 */
export function firmwareIdentity(elf: ElfFile): FirmwareIdentity | undefined {
  const section = elf.sections.find((one) => one.name === FIRMWARE_NOTE_SECTION)
  return section === undefined ? undefined : readFirmwareNote(elf.name, elf.bytesOf(section))
}

/** The kind of an ELF file in words: `a program`. */
export function elfTypeName(type: number): string {
  return TYPES[type] ?? `an ELF file of type ${type}`
}
