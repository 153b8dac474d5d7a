import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { type ProgramResult, startProgram } from './run-program.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

/** Starts `carillon` with these arguments. It does not outlive the test. */
export function startCarillon(t: ExecutionContext, ...args: string[]) {
  return startProgram(t, process.execPath, MAIN, ...args)
}

/** Runs `carillon` with these arguments to its end. */
export async function carillon(t: ExecutionContext, ...args: string[]): Promise<ProgramResult> {
  return await startCarillon(t, ...args).ended
}
