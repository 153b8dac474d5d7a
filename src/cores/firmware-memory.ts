import type { ElfFile } from './elf-file.ts'

/** From an address up to another, which is none of it. */
export interface MemoryRange {
  readonly start: bigint
  readonly end: bigint
}

/** In a section's flags: it is in memory while the program runs (`SHF_ALLOC`). */
const IN_MEMORY = 2n

/**
 * The memory that a bare-metal image takes while it runs: what is loaded and what it sets up by
 * itself, stacks for example. Undefined where it takes none.
 */
export function firmwareMemory(elf: ElfFile): MemoryRange | undefined {
  const taken = elf.sections.filter(
    ({ flags, memoryBytes }) => (flags & IN_MEMORY) !== 0n && memoryBytes > 0n,
  )
  const [first] = taken
  if (first === undefined) return undefined
  let start = first.address
  let end = first.address
  for (const { address, memoryBytes } of taken) {
    if (address < start) start = address
    if (address + memoryBytes > end) end = address + memoryBytes
  }
  return { start, end }
}
