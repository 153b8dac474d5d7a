import { readFileSync } from 'node:fs'

/** Kills a process and all that it has started, the last first. On Linux; elsewhere only itself. */
export function endTree(pid) {
  for (const child of childrenOf(pid)) endTree(child)
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function childrenOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
