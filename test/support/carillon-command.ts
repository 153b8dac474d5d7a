import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Teardown } from './soak.ts'

/** The command as it was compiled. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts `carillon` with these arguments. It does not outlive the test. */
export function startCarillon(t: Teardown, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args])
  t.teardown(() => child.kill('SIGKILL'))
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
