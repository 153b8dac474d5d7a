import { readFileSync, writeFileSync } from 'node:fs'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { FIRMWARE_NOTE_SECTION, FirmwareNote } from '../../src/shm/firmware-note.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

export interface OtherFirmware {
  /** Of the note. */
  readonly version?: string
  readonly interfaceVersion?: number
  /** A text, and what stands in its place: as long. */
  readonly text?: readonly [from: string, to: string]
  /** A function that has zeros in the place of its first instructions, which no processor goes past. */
  readonly broken?: string
}

/** Writes a copy of firmware that differs in what is said. */
export function writeOtherFirmware(from: string, path: string, other: OtherFirmware): void {
  const bytes = readFileSync(from)
  const elf = new ElfFile(from, readFileSync(from))
  const section = elf.sections.find(({ name }) => name === FIRMWARE_NOTE_SECTION)
  if (section === undefined) throw new Error(`${from} has no note`)
  const note = Uint8Array.from(elf.bytesOf(section))
  const { version, interfaceVersion } = other
  Object.assign(viewStruct(FirmwareNote, memoryOver(note), 0, 'core'), {
    ...(version !== undefined && { version }),
    ...(interfaceVersion !== undefined && { interfaceVersion }),
  })
  bytes.set(note, section.offset)
  if (other.text !== undefined) replaceText(bytes, ...other.text)
  if (other.broken !== undefined) bytes.fill(0, ...placeOf(elf, other.broken))
  writeFileSync(path, bytes, { mode: 0o755 })
}

function replaceText(bytes: Buffer, from: string, to: string): void {
  const at = bytes.indexOf(from)
  if (at === -1 || to.length !== from.length) throw new Error(`"${from}" cannot be replaced`)
  bytes.write(to, at)
}

function placeOf(elf: ElfFile, name: string): [from: number, to: number] {
  const symbol = elf.symbols().find((one) => one.name === name)
  const section = elf.sections[symbol?.section ?? 0]
  if (symbol === undefined || section === undefined) throw new Error(`there is no ${name}`)
  const from = section.offset + Number(symbol.value - section.address)
  return [from, from + 16]
}
