import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { BenchError } from '../errors.ts'

/** As the firmware is called, cut to what the kernel keeps of a name. */
const CORE_NAME = 'carillon-core'

/** How often it is looked whether a process has ended, and for how long. */
const LOOK_MS = 2
const END_TIMEOUT_MS = 10_000

/**
 * The process that is the core of a bridge.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where the bridge has none.
 */
export function findCore(name: string, bridge: number): number {
  const tasks = `/proc/${bridge}/task`
  const core = readdirSync(tasks)
    .flatMap((task) => readFileSync(`${tasks}/${task}/children`, 'utf8').trim().split(' '))
    .find((pid) => pid !== '' && nameOf(pid) === CORE_NAME)
  if (core !== undefined) return Number(core)
  throw new BenchError('ERR_CARILLON_BENCH_SERVER', `${name}: it has no core`)
}

/** Has a process, which began on the CPU of the one that started it, run on another one. */
export function moveTo(cpu: number, pid: number): void {
  const { status, stderr } = spawnSync(
    'taskset',
    ['--cpu-list', '--pid', String(cpu), String(pid)],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) {
    throw new BenchError('ERR_CARILLON_BENCH_SERVER', `the core cannot be moved: ${stderr.trim()}`)
  }
}

/** Waits until a process that is no child of this one has ended; it is some other's to be buried. */
export async function untilEnded(pid: number): Promise<void> {
  const until = performance.now() + END_TIMEOUT_MS
  while (isRunning(pid)) {
    if (performance.now() > until) {
      throw new BenchError(
        'ERR_CARILLON_BENCH_SERVER',
        `the core ${pid} goes on without its bridge`,
      )
    }
    await delay(LOOK_MS)
  }
}

function isRunning(pid: number): boolean {
  try {
    // The state stands behind the name, which is in parentheses.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
