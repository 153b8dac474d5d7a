import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../errors.ts'
import { ConsoleUnavailableError } from './errors.ts'

/** A file of the console, as it is served. */
export interface ConsoleFile {
  readonly contentType: string
  readonly body: Uint8Array
}

/** All that is ever served: no path of a request reaches the file system. */
const FILES: readonly { path: string; name: string; contentType: string; optional?: true }[] = [
  { path: '/', name: 'index.html', contentType: 'text/html; charset=utf-8' },
  { path: '/console.js', name: 'console.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/console.css', name: 'console.css', contentType: 'text/css; charset=utf-8' },
  { path: '/favicon.svg', name: 'favicon.svg', contentType: 'image/svg+xml' },
  {
    path: '/console.js.map',
    name: 'console.js.map',
    contentType: 'application/json',
    optional: true,
  },
  {
    path: '/console.css.map',
    name: 'console.css.map',
    contentType: 'application/json',
    optional: true,
  },
]

/**
 * Reads the console from the folder that `scripts/build-web.mjs` made, by the path that each file is
 * served at.
 *
 * @throws {ConsoleUnavailableError} where the page has not been built.
 */
export async function readConsoleFiles(root: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const files = new Map<string, ConsoleFile>()
  for (const { path, name, contentType, optional } of FILES) {
    try {
      files.set(path, { contentType, body: await readFile(join(root, name)) })
    } catch (cause) {
      if (optional && errorCode(cause) === 'ENOENT') continue
      throw new ConsoleUnavailableError(
        `The console's page is not built: ${join(root, name)} cannot be read. To build it: node scripts/build-web.mjs`,
        { cause },
      )
    }
  }
  return files
}
