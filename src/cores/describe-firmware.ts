import { FIRMWARE_INTERFACE, type FirmwareIdentity } from '../shm/firmware-note.ts'
import { LAYOUT_TABLE_SECTION, readLayoutTable } from '../shm/layout-table.ts'
import { boardTarget } from './board-image.ts'
import { BOOT_PARAMETER_NAMES, BOOT_PARAMETERS } from './boot-parameters.ts'
import { checkFirmware, elfTypeName, firmwareIdentity } from './check-firmware.ts'
import type { ElfFile } from './elf-file.ts'
import { machineName } from './elf-machine.ts'
import type { ElfSymbol } from './elf-symbol.ts'
import { CoreError } from './errors.ts'
import { FirmwareImage, loadedSegments } from './firmware-image.ts'
import { firmwareMemory, type MemoryRange } from './firmware-memory.ts'
import { hostedKind } from './hosted-firmware.ts'
import { QEMU_BOARDS } from './qemu-boards.ts'
import { qemuTarget } from './qemu-firmware.ts'
import { boardNames, readBoard } from './read-board.ts'

export interface FirmwareSegment {
  readonly address: bigint
  /** 1 to execute, 2 to write, 4 to read. */
  readonly flags: number
  readonly memoryBytes: bigint
  readonly fileBytes: number
}

/** An object that the host sets, and what it writes there. */
export interface HostSymbol {
  readonly name: string
  readonly address: bigint
  readonly bytes: bigint
  readonly words: readonly string[]
}

/** The stacks of a bare-metal image: one for each core, with a guard page below. */
export interface FirmwareStacks {
  readonly count: number
  readonly bytes: bigint
  readonly guardBytes: bigint
}

/** What an ELF file is, as far as it says so. What it does not say is undefined. */
export interface FirmwareDescription {
  readonly path: string
  readonly machine: string
  readonly bits: number
  readonly type: string
  readonly entry: bigint
  readonly identity: FirmwareIdentity | undefined
  readonly layout: { readonly version: number; readonly hash: number } | undefined
  readonly segments: readonly FirmwareSegment[]
  readonly memory: MemoryRange | undefined
  readonly symbols: readonly HostSymbol[]
  readonly stacks: FirmwareStacks | undefined
  /** Why this host cannot run it; undefined where it can. */
  readonly problem: Error | undefined
}

/**
 * Describes firmware, and whether this host can run it: a bare-metal image in QEMU, a hosted one as a
 * process.
 *
 * @throws {ElfError}, {@link LayoutError} where its symbols, its layout table or its note cannot be read.
 */
export function describeFirmware(elf: ElfFile): FirmwareDescription {
  const identity = firmwareIdentity(elf)
  const symbols = elf.symbols().filter(({ section }) => section !== 0)
  const parameters = symbols.find(({ name }) => name === BOOT_PARAMETERS)
  return {
    path: elf.name,
    machine: machineName(elf.machine),
    bits: elf.bits,
    type: elfTypeName(elf.type),
    entry: elf.entry,
    identity,
    layout: layoutOf(elf),
    segments: loadedSegments(elf).map(({ physicalAddress, flags, memoryBytes, fileBytes }) => ({
      ...{ address: physicalAddress, flags, memoryBytes, fileBytes },
    })),
    memory: firmwareMemory(elf),
    symbols: parameters === undefined ? [] : [hostSymbol(parameters)],
    stacks: stacksOf(symbols),
    problem: problemOf(elf, identity?.port),
  }
}

function layoutOf(elf: ElfFile): FirmwareDescription['layout'] {
  const section = elf.sections.find(({ name }) => name === LAYOUT_TABLE_SECTION)
  if (section === undefined) return undefined
  const { layoutVersion, layoutHash } = readLayoutTable(elf.name, elf.bytesOf(section))
  return { version: layoutVersion, hash: layoutHash }
}

function hostSymbol({ name, value, bytes }: ElfSymbol): HostSymbol {
  return { name, address: value, bytes, words: BOOT_PARAMETER_NAMES }
}

/** The linker script has their places as symbols. */
function stacksOf(symbols: readonly ElfSymbol[]): FirmwareStacks | undefined {
  const value = (name: string) => symbols.find((symbol) => symbol.name === name)?.value
  const [start, end] = [value('stacks_start'), value('stacks_end')]
  const [stride, guardBytes] = [value('STACK_STRIDE'), value('STACK_GUARD_BYTES')]
  if (start === undefined || end === undefined) return undefined
  if (stride === undefined || guardBytes === undefined) return undefined
  if (stride <= guardBytes || end <= start) return undefined
  return { count: Number((end - start) / stride), bytes: stride - guardBytes, guardBytes }
}

/** What it says that it runs on is what it is checked for. */
function problemOf(elf: ElfFile, port: string | undefined): Error | undefined {
  try {
    const hosted = hostedKind()
    const targets = [
      ...Object.values(QEMU_BOARDS).map(qemuTarget),
      ...boardNames().map((name) => boardTarget(readBoard(name))),
    ]
    // One that does not say what it is for is checked for a board too: that says what it lacks.
    const target = port === undefined ? targets[0] : targets.find((one) => one.port === port)
    const isHosted = port === 'hosted' || (port === undefined && elf.machine === hosted?.machine)
    if (isHosted && hosted !== undefined) checkFirmware(elf, hosted)
    else if (target !== undefined) new FirmwareImage(elf, target)
    else {
      throw new CoreError(
        'ERR_CARILLON_FIRMWARE_PORT',
        `${elf.name} is firmware for ${port}, which this host does not run`,
      )
    }
    return undefined
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

/** Whether it was built for what this host speaks. */
export function isInterfaceKnown({ interfaceVersion }: FirmwareIdentity): boolean {
  return interfaceVersion === FIRMWARE_INTERFACE
}
