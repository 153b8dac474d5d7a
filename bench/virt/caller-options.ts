import { parseArgs } from 'node:util'
import type { BoardKind } from '../../src/cores/core-kind.ts'
import type { WindowTimes } from '../rings/window.ts'

/** What the process that calls a core is told. */
export interface CallerOptions extends WindowTimes {
  readonly kind: 'hosted' | 'virt' | BoardKind
  /** Whether it sleeps until the answer is there. */
  readonly sleeps: boolean
  /** How long it sleeps before the next call, where it does. */
  readonly pauseMs: number
  /** Path of the core's firmware, where it is not the usual one. */
  readonly firmware: string | undefined
  /** Where the core is to run, where it is a process of this machine. */
  readonly coreCpu: string
}

export function parseCallerOptions(): CallerOptions {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string', default: 'hosted' },
      sleep: { type: 'boolean', default: false },
      'pause-ms': { type: 'string', default: '0' },
      firmware: { type: 'string' },
      'core-cpu': { type: 'string', default: '0' },
      'warmup-ms': { type: 'string', default: '0' },
      'duration-ms': { type: 'string', default: '1000' },
    },
  })
  return {
    kind: kindNamed(values.kind),
    sleeps: values.sleep,
    pauseMs: Number(values['pause-ms']),
    firmware: values.firmware,
    coreCpu: values['core-cpu'],
    warmupMs: Number(values['warmup-ms']),
    durationMs: Number(values['duration-ms']),
  }
}

function kindNamed(name: string): CallerOptions['kind'] {
  if (name.startsWith('board:')) return name as BoardKind
  return name === 'virt' ? 'virt' : 'hosted'
}
