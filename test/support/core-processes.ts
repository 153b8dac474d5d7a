import { readdirSync, readFileSync } from 'node:fs'

/** The processes of hosted cores on a shared file, from /proc. */
export function coreProcesses(region: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(region))
    .filter((pid) => commandLine(pid)[0]?.endsWith('carillon-core'))
    .map(Number)
}

/** The process of the one hosted core on a shared file. */
export function coreProcess(region: string): number {
  const [pid, ...others] = coreProcesses(region)
  if (pid === undefined || others.length > 0) {
    throw new Error(`${region} has ${others.length + (pid === undefined ? 0 : 1)} cores, not one`)
  }
  return pid
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // it has ended meanwhile
  }
}
