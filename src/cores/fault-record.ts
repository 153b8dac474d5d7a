import { FAULT_KIND, LIMITS, TRACE_LEVEL } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'

export type FaultKind =
  | 'undefined instruction'
  | 'data abort'
  | 'prefetch abort'
  | 'stack overflow'
  | 'SError'
  | 'unexpected interrupt'
  | 'failed assertion'
  | 'alignment fault'
  | 'arithmetic fault'
  | 'abort'
  | 'other exception'
  | 'unknown fault'

export type TraceLevel = 'error' | 'warn' | 'info' | 'debug'

/** A line of a core's trace. */
export interface TraceLine {
  /** By the core's clock, in microseconds since some fixed moment. */
  readonly timeUs: number
  readonly level: TraceLevel
  /** Counts the lines of one start of the core. */
  readonly sequence: number
  /** As the core wrote it: any characters. */
  readonly message: string
}

/** What a core has written of its fault. Any of it may be nonsense: the core was out of order. */
export interface FaultReport {
  readonly kind: FaultKind
  /** The instruction, in the memory of the core. */
  readonly address: bigint
  /** The same in the file of the image. */
  readonly fileAddress: bigint
  /** Where the function that ran would have returned to, in the file; undefined where not known. */
  readonly callerFileAddress?: bigint
  /** What was touched (FAR), where the kind has such. */
  readonly touched: bigint
  /** Why (ESR); of a hosted core its signal. */
  readonly syndrome: bigint
  readonly stackPointer: bigint
  /** SPSR, or the flags of x86-64. */
  readonly processorState: bigint
  /** By their names. */
  readonly registers: Readonly<Record<string, bigint>>
  /** Of a failed assertion: where, and what was assumed. */
  readonly assertion?: { readonly file: string; readonly line: number; readonly message: string }
  /** By the core's clock, in microseconds. */
  readonly timeUs: number
  /** The boot of the core; 0 where it was not attached yet. */
  readonly boot: number
  /** The end of its trace, the oldest first. */
  readonly lines: readonly TraceLine[]
}

const KINDS: Readonly<Record<number, FaultKind>> = {
  [FAULT_KIND.UNDEFINED_INSTRUCTION]: 'undefined instruction',
  [FAULT_KIND.DATA_ABORT]: 'data abort',
  [FAULT_KIND.PREFETCH_ABORT]: 'prefetch abort',
  [FAULT_KIND.STACK_OVERFLOW]: 'stack overflow',
  [FAULT_KIND.SERROR]: 'SError',
  [FAULT_KIND.UNEXPECTED_INTERRUPT]: 'unexpected interrupt',
  [FAULT_KIND.ASSERT]: 'failed assertion',
  [FAULT_KIND.ALIGNMENT]: 'alignment fault',
  [FAULT_KIND.ARITHMETIC]: 'arithmetic fault',
  [FAULT_KIND.ABORT]: 'abort',
  [FAULT_KIND.OTHER]: 'other exception',
}

const LEVELS: Readonly<Record<number, TraceLevel>> = {
  [TRACE_LEVEL.ERROR]: 'error',
  [TRACE_LEVEL.WARN]: 'warn',
  [TRACE_LEVEL.INFO]: 'info',
  [TRACE_LEVEL.DEBUG]: 'debug',
}

const X86_64 = 62
const X86_64_REGISTERS = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
]

type Places = SharedRegion['shared']
type FaultView = Places['faults'][number]
type LineView = FaultView['lines'][number]

/** How many faults a core has begun to write: another number says that there is a new one. */
export function faultsBegun(region: SharedRegion, core: number): number {
  // Acquire, as of every u32 here.
  return region.shared.faults[core]?.begun ?? 0
}

/**
 * What a core that says it is FAULTED has written of it. Undefined where it faulted again while it
 * wrote.
 */
export function readFaultReport(region: SharedRegion, core: number): FaultReport | undefined {
  const record = region.shared.faults[core]
  if (record === undefined || record.begun !== record.whole) return undefined
  const { elr, loadBias, caller, line, file, message } = record
  return {
    kind: KINDS[record.kind] ?? 'unknown fault',
    address: elr,
    fileAddress: BigInt.asUintN(64, elr - loadBias),
    ...(caller !== 0n && { callerFileAddress: BigInt.asUintN(64, caller - loadBias) }),
    touched: record.far,
    syndrome: record.esr,
    stackPointer: record.sp,
    processorState: record.spsr,
    registers: registersOf(record),
    ...(message !== '' && { assertion: { file, line, message } }),
    timeUs: Number(record.timeUs),
    boot: record.boot,
    lines: record.lines.slice(0, record.lineCount).map(traceLine),
  }
}

/** A copy of a line in shared memory. */
export function traceLine({ timeUs, level, sequence, message }: LineView): TraceLine {
  return { timeUs: Number(timeUs), level: LEVELS[level] ?? 'info', sequence, message }
}

function registersOf({ machine, registerCount, registers }: FaultView): Record<string, bigint> {
  const names: Record<string, bigint> = {}
  const count = Math.min(registerCount, registers.length, LIMITS.FAULT_REGISTERS)
  for (let at = 0; at < count; at++) {
    const name = machine === X86_64 ? X86_64_REGISTERS[at] : `x${at}`
    if (name !== undefined) names[name] = registers[at] ?? 0n
  }
  return names
}
