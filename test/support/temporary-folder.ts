import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A new folder that is gone after the test. */
export function temporaryFolder(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
