import { createInterface } from 'node:readline'
import { startCarillon } from './carillon-command.ts'
import type { Teardown } from './soak.ts'

/** Lines of a log that are kept: what a test looks for is among the newest. */
const KEPT_LINES = 10_000

/** A line of the server's log. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly event?: string
  readonly code?: string
  readonly [field: string]: unknown
}

/** A `carillon serve` of its own process, ready. It does not outlive the test. */
export interface ServingProcess {
  readonly port: number
  /** `127.0.0.1:PORT`, as `--server` takes it. */
  readonly address: string
  readonly consolePort: number
  /** Path of the shared file. */
  readonly region: string
  readonly pid: number
  /** What it has logged so far: the newest 10,000 lines at least. */
  readonly log: readonly LogLine[]
  /** Resolves with the first line, logged or to come, for which `wanted` holds. */
  logged(wanted: (line: LogLine) => boolean): Promise<LogLine>
  /** Sends a signal and resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts `carillon serve` on free ports, by default without the console. */
export async function startServer(t: Teardown, ...args: string[]): Promise<ServingProcess> {
  const { child, ended } = startCarillon(
    t,
    'serve',
    '--port',
    '0',
    ...(args.length > 0 ? args : ['--no-console']),
  )
  const log: LogLine[] = []
  const listeners = new Set<(line: LogLine) => void>()
  if (child.stdout === null) throw new Error('the server has no output')
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as LogLine
    log.push(line)
    if (log.length > 2 * KEPT_LINES) log.splice(0, KEPT_LINES)
    for (const listener of listeners) listener(line)
  })
  const logged = (wanted: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = (line: LogLine) => {
        if (!wanted(line)) return
        listeners.delete(look)
        resolve(line)
      }
      listeners.add(look)
      log.forEach(look)
      ended.then(({ stderr }) => reject(new Error(`the server has ended: ${stderr}`)))
    })
  const ready = await logged(({ event }) => event === 'ready')
  return {
    port: Number(ready.port),
    address: `127.0.0.1:${ready.port}`,
    consolePort: Number(ready.consolePort),
    region: String(ready.region),
    pid: child.pid ?? 0,
    log,
    logged,
    end: async (signal) => {
      child.kill(signal)
      return (await ended).code
    },
  }
}
