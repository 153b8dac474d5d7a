/** Processors that are asked for by their number. */
export const MACHINE = { X86_64: 62, AARCH64: 183 } as const

/** What processors are called, by their number in an ELF file (`e_machine`). */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
}

/** The processor in words: `AArch64`; a number where it is none of the usual ones. */
export function machineName(machine: number): string {
  return MACHINES[machine] ?? `machine ${machine}`
}
