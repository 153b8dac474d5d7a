import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Kills a process and resolves once it has ended, at once where it has already. */
export async function killProcess(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  const exit = once(process, 'exit')
  process.kill('SIGKILL')
  await exit
}
