import { readdirSync, readFileSync } from 'node:fs'

/** CPU time of a process and of those that it started, as far as they run now, in seconds. */
export function cpuSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  return tasks.reduce((sum, task) => {
    const folder = `/proc/${pid}/task/${task}`
    const [ns = 0] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ').map(Number)
    const children = readFileSync(`${folder}/children`, 'utf8').split(' ').filter(Boolean)
    return sum + ns / 1e9 + children.reduce((all, child) => all + cpuSeconds(Number(child)), 0)
  }, 0)
}
