import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './package-root.ts'

/** The version of this package, for example `0.1.0`. */
export const VERSION: string = readVersion()

function readVersion(): string {
  const file = join(PACKAGE_ROOT, 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}
