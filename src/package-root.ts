import { join } from 'node:path'

/**
 * The folder of this package. What runs lies two folders below it: `dist/src/`, compiled, and
 * `dist/cli/`, bundled.
 */
export const PACKAGE_ROOT: string = join(import.meta.dirname, '../..')
