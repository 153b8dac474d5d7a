import type { ElfBytes, ElfTable } from './elf-bytes.ts'
import type { ElfCursor } from './elf-cursor.ts'
import { ELF_LIMITS } from './elf-limits.ts'

/** Kinds of segment (`p_type`). */
export const ELF_SEGMENT = { LOAD: 1 } as const

/** What may be done with a segment in memory (`p_flags`). */
export const ELF_SEGMENT_FLAG = { EXECUTE: 1, WRITE: 2, READ: 4 } as const

/** What a loader puts into memory. */
export interface ElfSegment {
  /** Of ELF_SEGMENT, or another. */
  readonly type: number
  /** 1 to execute, 2 to write, 4 to read. */
  readonly flags: number
  /** Where its bytes are in the file; 0 where it has none. */
  readonly offset: number
  readonly fileBytes: number
  readonly virtualAddress: bigint
  readonly physicalAddress: bigint
  /** Of one that is loaded at least `fileBytes`; what is more is zeros. */
  readonly memoryBytes: bigint
  readonly align: bigint
}

const SEGMENT_BYTES = { 32: 32, 64: 56 } as const

/** @throws {ElfError} where they are damaged or too many. */
export function readSegments(file: ElfBytes, table: ElfTable): ElfSegment[] {
  file.checkCount('segments', table.count, ELF_LIMITS.SEGMENTS_MAX)
  return file
    .entries(table, SEGMENT_BYTES[file.bits], 'segments')
    .map((cursor, index) => readSegment(file, cursor, `segment ${index}`))
}

function readSegment(file: ElfBytes, cursor: ElfCursor, what: string): ElfSegment {
  const type = cursor.u32()
  // The flags stand where they leave no gap, which is elsewhere in each class.
  const early = file.bits === 64 ? cursor.u32() : 0
  const [start, virtualAddress, physicalAddress] = [cursor.word(), cursor.word(), cursor.word()]
  const [size, memoryBytes] = [cursor.word(), cursor.word()]
  const flags = file.bits === 64 ? early : cursor.u32()
  const align = cursor.word()
  if (type === ELF_SEGMENT.LOAD && memoryBytes < size) {
    throw file.damaged(`${what} has more bytes in the file than in memory`)
  }
  const { offset, bytes } = file.extent(start, size, what)
  const place = { offset, fileBytes: bytes.length, virtualAddress, physicalAddress }
  return { type, flags, ...place, memoryBytes, align }
}
