import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A directory of its own for one test, removed after it. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
