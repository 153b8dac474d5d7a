import { existsSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { importScript } from './repository.ts'

const { findTool } = await importScript<{ findTool(name: string): string | undefined }>(
  'setup/find-tool.mjs',
)
const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')

type Declare<Context> = (
  title: string,
  implementation: (t: ExecutionContext<Context>) => void | Promise<void>,
) => void

/**
 * Declares tests that need a tool of the machine. Where it is missing they are skipped, and their
 * titles say what they need; in CI they run all the same, and fail.
 *
 * ```ts
 * const chromiumTest = needsTool(test, 'chromium', 'apt-get install chromium')
 * chromiumTest('the console draws the waveform', async (t) => …)
 * ```
 *
 * @param test AVA's `test`, or `test.serial`
 * @param tool a program in PATH, or the absolute path of any file
 * @param install the command that brings it
 */
export function needsTool<Context>(
  test: Declare<Context> & { skip: Declare<Context> },
  tool: string,
  install: string,
): Declare<Context> {
  const there = tool.startsWith('/') ? existsSync(tool) : findTool(tool) !== undefined
  if (there || inCi()) return test
  return (title, implementation) => {
    test.skip(`${title} (NEEDS ${tool}: ${install})`, implementation)
  }
}
