import type { FaultReport } from '../cores/fault-record.ts'
import {
  type CodeLocation,
  type ImageVersion,
  locateInImage,
  locationText,
  symbolText,
} from '../cores/firmware-symbols.ts'
import { printable } from '../printable.ts'

/** A fault of a core, and where in its firmware's source that was. */
export interface CoreFault {
  readonly core: number
  /** Undefined where the core faulted again while it wrote its report: all that is known then is that. */
  readonly report?: FaultReport
  /** The instruction. */
  readonly location?: CodeLocation
  /** What called it, where it is an address that has no code. */
  readonly caller?: CodeLocation
  /** The file and line to look at: of the assertion, the instruction or what called it. */
  readonly source?: { readonly file: string; readonly line: number }
  /** All of it in a sentence. */
  readonly message: string
}

/** What is known at once. For clients: without what is of the firmware's inside. */
export function faultSentence(core: number, report: FaultReport | undefined): string {
  if (report === undefined) return `core ${core} faulted, and again while it wrote why`
  return `core ${core} faulted: ${report.kind} at ${hex(report.address)}`
}

/** Looks up where it was. Takes a while: it reads the firmware's file. */
export async function locateFault(
  core: number,
  report: FaultReport | undefined,
  image: ImageVersion | undefined,
): Promise<CoreFault> {
  if (report === undefined) return { core, message: faultSentence(core, report) }
  const location = await locateInImage(image, report.fileAddress)
  const { callerFileAddress, assertion } = report
  // The call is the instruction before the one that it returns to.
  const caller =
    report.kind === 'prefetch abort' && callerFileAddress !== undefined
      ? await locateInImage(image, callerFileAddress - 1n)
      : undefined
  const source =
    assertion === undefined
      ? (location.source ?? caller?.source)
      : { file: printable(assertion.file), line: assertion.line }
  return {
    ...{ core, report, location, message: sentenceOf(core, report, location, caller) },
    ...(caller !== undefined && { caller }),
    ...(source !== undefined && { source }),
  }
}

/** The fields of a line of the log. */
export function faultFields({ report, location, caller, source }: CoreFault): object {
  if (report === undefined) return {}
  const { kind, boot, syndrome, touched, stackPointer, processorState, registers } = report
  return {
    ...{ kind, boot, address: hex(report.address) },
    ...(location?.symbol !== undefined && { symbol: symbolText(location.symbol) }),
    ...(caller?.symbol !== undefined && { caller: locationText(caller) }),
    ...(source !== undefined && { source: `${source.file}:${source.line}` }),
    ...{ syndrome: hex(syndrome), touched: hex(touched) },
    ...{ stackPointer: hex(stackPointer), processorState: hex(processorState) },
    registers: Object.fromEntries(
      Object.entries(registers).map(([name, value]) => [name, hex(value)]),
    ),
    coreTimeUs: report.timeUs,
    trace: report.lines.map(({ message }) => printable(message, message.length)),
  }
}

function sentenceOf(
  core: number,
  report: FaultReport,
  location: CodeLocation,
  caller: CodeLocation | undefined,
): string {
  const { assertion } = report
  if (assertion !== undefined) {
    const { file, line, message } = assertion
    return `core ${core} faulted: ${report.kind}: ${printable(message, message.length)} (${printable(file)}:${line})`
  }
  const parts = [
    faultSentence(core, report),
    locationText(location),
    caller === undefined || locationText(caller) === '' ? '' : `called by ${locationText(caller)}`,
    touches(report) ? `touching ${hex(report.touched)}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** Of the other kinds FAR says nothing. */
function touches({ kind }: FaultReport): boolean {
  return kind === 'data abort' || kind === 'stack overflow' || kind === 'alignment fault'
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
