import { parseArgs } from 'node:util'
import type { FileCoreKind } from '../../src/cores/core-runner.ts'
import type { WindowTimes } from '../rings/window.ts'

/** What the process that calls a core is told. */
export interface CallerOptions extends WindowTimes {
  readonly kind: FileCoreKind
  /** Whether it sleeps until the answer is there, and before the next call. */
  readonly sleeps: boolean
  /** Path of the core's firmware, where it is not the usual one. */
  readonly firmware: string | undefined
  /** Where the core is to run. */
  readonly coreCpu: string
}

export function parseCallerOptions(): CallerOptions {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string', default: 'hosted' },
      sleep: { type: 'boolean', default: false },
      firmware: { type: 'string' },
      'core-cpu': { type: 'string', default: '0' },
      'warmup-ms': { type: 'string', default: '0' },
      'duration-ms': { type: 'string', default: '1000' },
    },
  })
  return {
    kind: values.kind === 'virt' ? 'virt' : 'hosted',
    sleeps: values.sleep,
    firmware: values.firmware,
    coreCpu: values['core-cpu'],
    warmupMs: Number(values['warmup-ms']),
    durationMs: Number(values['duration-ms']),
  }
}
