import { readFileSync } from 'node:fs'

/** Which CPU each side of a measurement runs on. */
export interface Placement {
  readonly server: number
  readonly load: number
}

/** Two CPUs that this process may use, on different cores where there are such. */
export function findPlacement(): Placement {
  return choosePlacement(allowedCpus(), coreOf)
}

/** The CPU for a third process beside those two: one of its own where there is one, else the load's. */
export function findThirdCpu(placement: Placement): number {
  return chooseThirdCpu(allowedCpus(), placement, coreOf)
}

/** The CPUs that are left beside those two, from the end; there may be none. */
export function findCpusBeside({ server, load }: Placement): number[] {
  return allowedCpus()
    .reverse()
    .filter((cpu) => cpu !== server && cpu !== load)
}

/** As {@link choosePlacement}. */
export function chooseThirdCpu(
  cpus: readonly number[],
  { server, load }: Placement,
  coreOf: (cpu: number) => string,
): number {
  const others = [...cpus].reverse().filter((cpu) => cpu !== server && cpu !== load)
  const taken = [coreOf(server), coreOf(load)]
  return others.find((cpu) => !taken.includes(coreOf(cpu))) ?? others[0] ?? load
}

function allowedCpus(): number[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return parseCpuList(allowed?.[1] ?? '0')
}

/**
 * @param cpus at least one.
 * @param coreOf a name for the core that a CPU belongs to: two threads of a core share what they
 *   can do.
 */
export function choosePlacement(
  cpus: readonly number[],
  coreOf: (cpu: number) => string,
): Placement {
  // From the end: the first CPU tends to have the interrupts.
  const [server = 0, ...others] = [...cpus].reverse()
  const apart = others.find((cpu) => coreOf(cpu) !== coreOf(server))
  return { server, load: apart ?? others[0] ?? server }
}

/** The CPUs of a list as the kernel writes it: `0-3,8`. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/**
 * The program and arguments that run `command` on `cpu` only, and end it when this process ends,
 * however that happens. Both tools are in util-linux; each takes the place of the one before it, so
 * the process is the command's own.
 */
export function pinned(cpu: number, command: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', 'taskset', '--cpu-list', String(cpu), ...command]
}

function coreOf(cpu: number): string {
  const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    // Not every virtual machine says: then every CPU counts as a core.
    return String(cpu)
  }
}
