import { spawnSync } from 'node:child_process'
import type { ExecutionContext } from 'ava'
import { importScript } from './repository.ts'

const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')

/** The first QEMU that takes no plugin of version 1 of the interface, which that of Debian 12 (7.2) has. */
const TOO_NEW = 9

type Declare<Context> = (
  title: string,
  implementation: (t: ExecutionContext<Context>) => void | Promise<void>,
) => void

/**
 * Declares tests that have a plugin in an emulator (region-accesses.c). Where the emulator is of a later
 * version they are skipped; in CI they run all the same, and fail.
 *
 * @param declare what declares them, and asks whether the emulator is there.
 * @param test AVA's `test`.
 * @param emulator a program in PATH.
 */
export function needsPlugins<Context>(
  declare: Declare<Context>,
  test: { skip: Declare<Context> },
  emulator: string,
): Declare<Context> {
  const { stdout } = spawnSync(emulator, ['--version'], { encoding: 'utf8' })
  const version = Number(/version (\d+)/.exec(stdout ?? '')?.[1] ?? 0)
  if (version < TOO_NEW || inCi()) return declare
  return (title, implementation) => {
    test.skip(`${title} (NEEDS ${emulator} before version ${TOO_NEW})`, implementation)
  }
}
