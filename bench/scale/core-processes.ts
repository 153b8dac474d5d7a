import { readdirSync, readFileSync } from 'node:fs'
import { moveTo } from '../bridge/core-process.ts'
import { BenchError } from '../errors.ts'

/** As the firmware is called, cut to what the kernel keeps of a name. */
const CORE_NAME = 'carillon-core'

/**
 * The processes that are the cores of a bridge, each moved to a CPU; with fewer of these than cores,
 * several to one.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER` where the bridge has not so many.
 */
export function placeCores(
  name: string,
  bridge: number,
  count: number,
  cpus: readonly number[],
): number[] {
  const cores = childrenOf(bridge).filter((pid) => nameOf(pid) === CORE_NAME)
  if (cores.length !== count) {
    const found = `${name}: it has ${cores.length} cores and not ${count}`
    throw new BenchError('ERR_CARILLON_BENCH_SERVER', found)
  }
  for (const [index, core] of cores.entries()) moveTo(cpus[index % cpus.length] ?? 0, core)
  return cores
}

/** CPU time that a process has taken, in seconds: of all its threads that live. */
export function cpuSeconds(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const ns = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  )
  return ns.reduce((sum, each) => sum + each, 0) / 1e9
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).flatMap((task) =>
    readFileSync(`${tasks}/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child.trim() !== '')
      .map(Number),
  )
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
