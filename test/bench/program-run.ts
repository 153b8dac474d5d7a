import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'

/** Runs a program to its end. It does not outlive the test. */
export async function runProgram(
  t: ExecutionContext,
  file: string,
  ...args: string[]
): Promise<{ pid: number | undefined; code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk
  })
  const [code] = await once(child, 'close')
  return { pid: child.pid, code, ...output }
}
