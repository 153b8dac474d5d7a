import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { VERSION } from '../src/version.ts'

/** What the figures were measured on: they mean nothing without it. */
export interface Machine {
  readonly cpu: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly versions: {
    readonly carillon: string
    readonly node: string
    readonly cc: string
    readonly asio: string
  }
}

const ABSENT = 'none'

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? ABSENT,
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    versions: {
      carillon: VERSION,
      node: process.versions.node,
      cc: spawnSync('cc', ['-dumpfullversion'], { encoding: 'utf8' }).stdout?.trim() || ABSENT,
      asio: asioVersion(),
    },
  }
}

/** The load average over the last minute, to two digits. */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

function asioVersion(): string {
  try {
    const header = readFileSync('/usr/include/asio/version.hpp', 'utf8')
    return /#define ASIO_VERSION \d+ \/\/ (\S+)/.exec(header)?.[1] ?? ABSENT
  } catch {
    return ABSENT
  }
}
