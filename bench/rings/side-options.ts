import { parseArgs } from 'node:util'

/** What a side is told, as in side.h. */
export interface SideOptions {
  readonly role: string
  readonly warmupMs: number
  readonly durationMs: number
  readonly pauseUs: number
  /** Messages that are handed over together. */
  readonly batch: number
  /** Where the other side is to run, if this side makes it. */
  readonly partnerCpu: string
}

export function parseSideOptions(): SideOptions {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'warmup-ms': { type: 'string', default: '0' },
      'duration-ms': { type: 'string', default: '1000' },
      'pause-us': { type: 'string', default: '0' },
      batch: { type: 'string', default: '1' },
      'partner-cpu': { type: 'string', default: '' },
      // For the other side.
      sleep: { type: 'boolean' },
    },
  })
  return {
    role: positionals.join(' '),
    warmupMs: Number(values['warmup-ms']),
    durationMs: Number(values['duration-ms']),
    pauseUs: Number(values['pause-us']),
    batch: Number(values.batch),
    partnerCpu: values['partner-cpu'],
  }
}

/** Prints a line for who started this. */
export function tell(line: { readonly event: string }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
