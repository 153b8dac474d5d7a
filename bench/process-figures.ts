import { readFileSync } from 'node:fs'

/** What the kernel says of a process. */
export interface ProcessFigures {
  /** Memory that it has in RAM (VmRSS). */
  readonly rssBytes: number
  /** How long its first thread was ready to run and had no CPU: others had it. */
  readonly waitedS: number
  /** When this was read, in seconds of a steady clock. */
  readonly atS: number
}

export function readProcessFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const [, waitedNs = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)
  return {
    rssBytes: Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024,
    waitedS: waitedNs / 1e9,
    atS: performance.now() / 1000,
  }
}

/** The share of the time between the two in which the process was ready to run and had no CPU. */
export function waitedShare(before: ProcessFigures, after: ProcessFigures): number {
  return (after.waitedS - before.waitedS) / (after.atS - before.atS)
}
