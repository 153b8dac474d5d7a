import { DwarfCursor, damaged } from './dwarf-cursor.ts'
import { DWARF_LIMITS } from './dwarf-limits.ts'
import {
  type DwarfLineUnit,
  type DwarfSections,
  fileOfUnit,
  readLineUnit,
} from './dwarf-line-unit.ts'
import type { ElfFile } from './elf-file.ts'

/** A place in a source file. */
export interface SourceLine {
  /** Relative to where the compiler ran, as a rule. */
  readonly file: string
  /** From 1 on. */
  readonly line: number
}

/** Opcodes of a program of lines (`DW_LNS_…`). */
const OPCODE = {
  EXTENDED: 0,
  COPY: 1,
  ADVANCE_PC: 2,
  ADVANCE_LINE: 3,
  SET_FILE: 4,
  CONST_ADD_PC: 8,
  FIXED_ADVANCE_PC: 9,
} as const

/** `DW_LNE_…` */
const EXTENDED = { END_SEQUENCE: 1, SET_ADDRESS: 2 } as const

/** Bit of a section's flags: it is compressed, and not read here. */
const COMPRESSED = 0x800n

interface Row {
  address: number
  file: number
  line: number
}

/**
 * The line that the instruction at an address was compiled from: DWARF 2 to 5, `.debug_line`.
 * Undefined where the file does not say.
 *
 * @param address as the file has it.
 * @throws {ElfError} `ERR_CARILLON_ELF` where its table is damaged, or beyond a limit.
 */
export function findSourceLine(elf: ElfFile, address: number): SourceLine | undefined {
  return findInSections(sectionsOf(elf), address)
}

/** As {@link findSourceLine}, of what is in the sections. */
export function findInSections(sections: DwarfSections, address: number): SourceLine | undefined {
  const { line: bytes } = sections
  if (bytes.length > DWARF_LIMITS.LINE_BYTES_MAX) throw damaged(`${bytes.length} bytes of it`)
  for (let at = 0; at < bytes.length; ) {
    const unit = readLineUnit(bytes, at)
    const row = findRow(bytes, unit, address)
    if (row !== undefined) {
      const file = fileOfUnit(sections, unit, row.file)
      return file === undefined || row.line <= 0 ? undefined : { file, line: row.line }
    }
    at = unit.end
  }
  return undefined
}

/** The last row at or before an address, in a sequence that goes on beyond it. */
function findRow(bytes: Uint8Array, unit: DwarfLineUnit, address: number): Row | undefined {
  const cursor = new DwarfCursor(bytes, unit.programAt, unit.end)
  const { lineBase, lineRange, minInstructionBytes, operandCounts } = unit
  const opcodeBase = operandCounts.length + 1
  const row: Row = { address: 0, file: 1, line: 1 }
  let before: Row | undefined
  let sequenceStart = 0
  /** Whether `before` is the row that is looked for. A sequence at 0 was thrown away by the linker. */
  const emit = () => {
    if (before === undefined) sequenceStart = row.address
    else if (before.address <= address && address < row.address && sequenceStart !== 0) return true
    before = { ...row }
    return false
  }
  while (!cursor.isAtEnd) {
    const opcode = cursor.u8()
    if (opcode >= opcodeBase) {
      const special = opcode - opcodeBase
      row.address += minInstructionBytes * Math.floor(special / lineRange)
      row.line += lineBase + (special % lineRange)
      if (emit()) return before
      continue
    }
    switch (opcode) {
      case OPCODE.EXTENDED: {
        const length = cursor.unsigned()
        const next = cursor.at + length
        const kind = length === 0 ? -1 : cursor.u8()
        if (kind === EXTENDED.SET_ADDRESS) {
          row.address = cursor.word(length - 1)
        } else if (kind === EXTENDED.END_SEQUENCE) {
          if (emit()) return before
          before = undefined
          Object.assign(row, { address: 0, file: 1, line: 1 })
        }
        if (next < cursor.at) throw damaged('an opcode that is longer than it says')
        cursor.skip(next - cursor.at)
        break
      }
      case OPCODE.COPY:
        if (emit()) return before
        break
      case OPCODE.ADVANCE_PC:
        row.address += minInstructionBytes * cursor.unsigned()
        break
      case OPCODE.ADVANCE_LINE:
        row.line += cursor.signed()
        break
      case OPCODE.SET_FILE:
        row.file = cursor.unsigned()
        break
      case OPCODE.CONST_ADD_PC:
        row.address += minInstructionBytes * Math.floor((255 - opcodeBase) / lineRange)
        break
      case OPCODE.FIXED_ADVANCE_PC:
        row.address += cursor.u16()
        break
      default:
        // It does not change what is looked for; the header says what to pass over.
        for (let left = operandCounts[opcode - 1] ?? 0; left > 0; left--) cursor.unsigned()
    }
  }
  return undefined
}

function sectionsOf(elf: ElfFile): DwarfSections {
  const bytesOf = (wanted: string) => {
    const section = elf.sections.find(({ name }) => name === wanted)
    if (section === undefined || (section.flags & COMPRESSED) !== 0n) return new Uint8Array(0)
    return elf.bytesOf(section)
  }
  return {
    line: bytesOf('.debug_line'),
    lineStrings: bytesOf('.debug_line_str'),
    strings: bytesOf('.debug_str'),
  }
}
