import { readdirSync, readFileSync } from 'node:fs'

/** The processes of hosted cores on a shared file, from /proc. */
export function coreProcesses(region: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(region))
    .filter((pid) => commandLine(pid)[0]?.endsWith('carillon-core'))
    .map(Number)
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // it has ended meanwhile
  }
}
