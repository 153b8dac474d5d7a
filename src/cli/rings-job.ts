import { setImmediate, setTimeout } from 'node:timers/promises'
import { regionOffset } from '../cores/region-offset.ts'
import { ArgumentError } from '../errors.ts'
import { formatWord } from '../format-word.ts'
import { RegionInspector, type RingDirection } from '../shm/region-inspector.ts'
import { SharedRegion } from '../shm/shared-region.ts'
import { LiveScreen, terminalColumns } from './live-screen.ts'
import { oneLine } from './one-line.ts'
import { type RegionFigures, RegionWatch } from './region-watch.ts'
import { ringDump } from './rings-dump.ts'
import { ringsTable } from './rings-table.ts'
import { print } from './standard-output.ts'
import { checkLength } from './watched-region.ts'

/** Which of the region's rings and cores are meant. All of them where nothing is said. */
export interface Chosen {
  readonly core?: number
  readonly direction?: RingDirection
}

export interface ShowOptions extends Chosen {
  readonly intervalMs: number
  readonly once?: boolean
  readonly json?: boolean
  readonly signal: AbortSignal
}

export interface DumpOptions extends Chosen {
  readonly payloadBytesMax: number
  readonly signal: AbortSignal
}

/** Text that is written together, about: a dump can be millions of records. */
const PIECE_CHARACTERS = 64 * 1024

/**
 * Shows a region's rings and cores: on a terminal until `q` is pressed or the server has ended, else
 * once, or as lines of JSON until the server has ended.
 *
 * @throws {RegionError} where it is no region, or not one any more.
 */
export async function showRings(path: string, options: ShowOptions): Promise<void> {
  const { json, once, signal } = options
  const look = lookAt(path, options)
  if (json && !once) await showJson(path, look, options)
  else if (!json && !once && process.stdout.isTTY) await showLive(path, look, options)
  else {
    look()
    await pause(options.intervalMs, signal)
    const figures = look()
    print(json ? jsonLine(path, figures) : `${tableText(path, figures)}\n`)
  }
}

/**
 * Prints the unread records of the rings, each ring's as they were at one moment.
 *
 * @throws {RegionError} where it is no region, or not one any more.
 */
export async function dumpRings(path: string, options: DumpOptions): Promise<void> {
  const { payloadBytesMax, signal } = options
  const region = SharedRegion.attach(path, { offset: regionOffset(path) })
  checkCore(region, options)
  const gone = outputGone()
  print(`${oneLine(path)}: session ${formatWord(region.session)}\n`)
  let piece = ''
  for (const ring of new RegionInspector(region).rings().filter(isChosen(options))) {
    checkLength(region)
    piece += '\n'
    for (const text of ringDump(ring, payloadBytesMax)) {
      piece += text
      if (piece.length < PIECE_CHARACTERS) continue
      print(piece)
      piece = ''
      // The turn of whoever interrupts, and of the news that nobody reads any more.
      await setImmediate()
      signal.throwIfAborted()
      if (gone.aborted) return
    }
  }
  print(piece)
}

function lookAt(path: string, chosen: Chosen): () => RegionFigures {
  const region = SharedRegion.attach(path, { offset: regionOffset(path) })
  checkCore(region, chosen)
  const inspector = new RegionInspector(region)
  const watch = new RegionWatch()
  return () => {
    checkLength(region)
    const { isOrphaned } = region
    const figures = watch.compare({ look: inspector.look(), atMs: performance.now(), isOrphaned })
    return { ...figures, ...choose(figures, chosen) }
  }
}

async function showLive(path: string, look: () => RegionFigures, options: ShowOptions) {
  const screen = new LiveScreen(process.stdout, process.stdin)
  let last: RegionFigures | undefined
  try {
    do {
      last = look()
      screen.show([...ringsTable(path, last, screen.columns), '', 'q ends'])
    } while (!last.hasEnded && (await pause(options.intervalMs, options.signal, screen.quit)))
  } finally {
    screen.close()
    // It stays to be read.
    if (last !== undefined) print(`${tableText(path, last)}\n`)
  }
}

async function showJson(path: string, look: () => RegionFigures, options: ShowOptions) {
  const gone = outputGone()
  let figures: RegionFigures
  do {
    figures = look()
    print(jsonLine(path, figures))
  } while (!figures.hasEnded && (await pause(options.intervalMs, options.signal, gone)))
}

/**
 * Waits for the next look.
 *
 * @returns whether there is to be one: not where `quit` is aborted.
 * @throws what `signal` is aborted for.
 */
async function pause(ms: number, signal: AbortSignal, quit?: AbortSignal): Promise<boolean> {
  const either = quit === undefined ? signal : AbortSignal.any([signal, quit])
  try {
    await setTimeout(ms, undefined, { signal: either })
  } catch (error) {
    if (!either.aborted) throw error
  }
  signal.throwIfAborted()
  return !either.aborted
}

/** Aborted when standard output cannot be written any more: there is nobody to go on for. */
function outputGone(): AbortSignal {
  const controller = new AbortController()
  process.stdout.once('error', () => controller.abort())
  return controller.signal
}

/** @throws {ArgumentError} where the region has no such core. */
function checkCore({ cores, path }: SharedRegion<'reader'>, { core }: Chosen): void {
  if (core === undefined || core < cores) return
  throw new ArgumentError(`${path} has no core ${core}: it has ${cores}, from 0`)
}

function isChosen({ core, direction }: Chosen) {
  return (one: { readonly core: number; readonly direction: RingDirection | undefined }) =>
    (core === undefined || one.core === core) &&
    (direction === undefined || one.direction === direction)
}

function choose({ cores, rings }: RegionFigures, chosen: Chosen) {
  return {
    cores: cores.filter(({ core }) => chosen.core === undefined || core === chosen.core),
    rings: rings.filter(isChosen(chosen)),
  }
}

function tableText(path: string, figures: RegionFigures): string {
  const { stdout } = process
  const columns = stdout.isTTY ? terminalColumns(stdout) : Number.POSITIVE_INFINITY
  return ringsTable(path, figures, columns).join('\n')
}

function jsonLine(path: string, figures: RegionFigures): string {
  return `${JSON.stringify({ time: new Date().toISOString(), file: path, ...figures })}\n`
}
