import type { Command } from 'commander'
import type { RingDirection } from '../shm/region-inspector.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import { UsageError } from './errors.ts'
import { interruptible } from './interruption.ts'
import { parseChoice, parseDecimal, parseInteger } from './option-values.ts'

/** Faster than an eye can read. */
const INTERVAL_S_MIN = 0.1
/** Positions are modulo 2^32 bytes: in a longer time a fast ring could pass them by once. */
const INTERVAL_S_MAX = 10
const DEFAULT_INTERVAL_S = 1
const DEFAULT_PAYLOAD_BYTES = 64

const DIRECTIONS = ['to-core', 'from-core'] as const

interface RingsOptions {
  readonly interval: number
  readonly once?: boolean
  readonly json?: boolean
  readonly dump?: boolean
  readonly bytes?: number
  readonly core?: number
  readonly direction?: RingDirection
}

/** Adds `carillon rings` to the program: what goes on in a shared region, without touching it. */
export function addRingsCommand(program: Command): void {
  program
    .command('rings')
    .description("watch a shared region's rings and cores, or dump their unread records")
    .argument('<FILE>', 'the file of the region, as `carillon serve` logs it; it is only read')
    .option(
      '--interval <SECONDS>',
      `time between two looks, ${INTERVAL_S_MIN} to ${INTERVAL_S_MAX}`,
      parseDecimal('--interval', INTERVAL_S_MIN, INTERVAL_S_MAX),
      DEFAULT_INTERVAL_S,
    )
    .option('--once', 'look twice, print one table and end (default where there is no terminal)')
    .option('--json', 'print a line of JSON for each look, until interrupted or with --once')
    .option('--core <N>', 'only this core', parseInteger('--core', 0, LIMITS.CORES_MAX - 1))
    .option(
      '--direction <DIRECTION>',
      'only the rings to-core or from-core',
      parseChoice('--direction', DIRECTIONS),
    )
    .option('--dump', 'print the unread records, and end')
    .option(
      '--bytes <N>',
      `with --dump: bytes of each record to show (default: ${DEFAULT_PAYLOAD_BYTES})`,
      parseInteger('--bytes', 0, LIMITS.RING_CAPACITY_MAX / 4),
    )
    .action(async (path: string, options: RingsOptions) => {
      checkTogether(options)
      const { dump, bytes = DEFAULT_PAYLOAD_BYTES, interval } = options
      // Loaded only here, for it is more than the other commands have use for.
      const { dumpRings, showRings } = await import('./rings-job.ts')
      await interruptible((signal) =>
        dump
          ? dumpRings(path, { ...options, payloadBytesMax: bytes, signal })
          : showRings(path, { ...options, intervalMs: interval * 1000, signal }),
      )
    })
}

/** @throws {UsageError} */
function checkTogether({ dump, json, bytes }: RingsOptions): void {
  if (dump && json) throw new UsageError('--dump prints no JSON: use one of --dump and --json')
  if (!dump && bytes !== undefined) throw new UsageError('--bytes is for --dump')
}
