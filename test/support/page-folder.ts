import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from './temporary-folder.ts'

/** What the web gateway serves, as long as it is a page: each file holds its own name. */
export const PAGE_FILES = ['index.html', 'console.js', 'console.css', 'favicon.svg'] as const

/** A folder with the files of a page, for tests that look at the serving of it. */
export function pageFolder(t: ExecutionContext): string {
  const folder = temporaryFolder(t)
  for (const name of PAGE_FILES) writeFileSync(join(folder, name), name)
  return folder
}
