import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'

/** How a program ended, and what it said. */
export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts a program. It does not outlive the test. */
export function startProgram(t: ExecutionContext, file: string, ...args: readonly string[]) {
  const child: ChildProcess = spawn(file, args)
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = once(child, 'close').then(([code]): ProgramResult => ({ code, ...output }))
  return { child, ended }
}

/** Runs a program to its end. */
export async function runProgram(
  t: ExecutionContext,
  file: string,
  ...args: readonly string[]
): Promise<ProgramResult> {
  return await startProgram(t, file, ...args).ended
}
