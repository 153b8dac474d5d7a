import type { ExecutionContext } from 'ava'
import type { ElfFile } from '../../src/cores/elf-file.ts'
import {
  type AccessRule,
  type LookedAt,
  offences,
  RegionAccesses,
  type RegionAccessesOptions,
} from './region-accesses.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Whether every test that runs a machine checks its accesses: `CARILLON_CHECK_ACCESSES=1`, which takes time. */
export const CHECKS_ALL_ACCESSES: boolean = process.env.CARILLON_CHECK_ACCESSES === '1'

export interface CheckedAccesses extends RegionAccessesOptions {
  readonly at: LookedAt
  readonly rule: AccessRule
  /** What the cores run, to name lines of it. */
  readonly image?: ElfFile
}

/**
 * Looks at every access to the region of an emulator that a test is about to start. The test fails where
 * one is against the rule, or there was none at all, once what was started after this has ended.
 */
export async function checkAccesses(
  t: ExecutionContext<unknown>,
  { at, rule, image, ...options }: CheckedAccesses,
): Promise<RegionAccesses> {
  const accesses = await RegionAccesses.prepare(temporaryFolder(t), at, options)
  t.teardown(() => {
    const cores = accesses.read()
    const found = offences(cores, rule, image)
    if (found.length > 0) throw new Error(`against the rule of ${rule}:\n${found.join('\n')}`)
    // Of all tests, some have machines without cores.
    if (cores.length === 0 && !CHECKS_ALL_ACCESSES) throw new Error('nobody touched the region')
  })
  return accesses
}
