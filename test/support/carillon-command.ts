import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { REPOSITORY } from './repository.ts'
import type { Teardown } from './soak.ts'

/** The command as it was bundled, which is what the package has. */
export const MAIN = join(REPOSITORY, 'dist/cli/main.cjs')

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What one that was asked to end may take for it, before it is made to. */
const GRACE_MS = 5000

/** Ends one that a test which failed has left, so that it removes its file and stops its core. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.kill('SIGTERM')) return
  const patience = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await once(child, 'exit')
  clearTimeout(patience)
}

/** Starts `carillon` with these arguments. It does not outlive the test. */
export function startCarillon(t: Teardown, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args])
  t.teardown(() => end(child))
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = once(child, 'close').then(([code]): CommandResult => ({ code, ...output }))
  return { child, ended }
}

/** Runs `carillon` with these arguments to its end. */
export async function carillon(t: Teardown, ...args: string[]): Promise<CommandResult> {
  return await startCarillon(t, ...args).ended
}
