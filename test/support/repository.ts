import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The checkout that this test runs in; the test itself is compiled and lies in its dist/. */
export const REPOSITORY = join(import.meta.dirname, '../../..')

/** A module under scripts/, which is plain JavaScript: the caller says what it uses of it. */
export async function importScript<Exports>(path: string): Promise<Exports> {
  return (await import(pathToFileURL(join(REPOSITORY, 'scripts', path)).href)) as Exports
}
