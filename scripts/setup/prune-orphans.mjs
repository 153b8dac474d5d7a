import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from './files-under.mjs'

const compiled = /\.(js|js\.map|d\.ts)$/

/**
 * Deletes from dist/`folder` what no source stands for any more: neither a .ts file nor, for what
 * is generated and copied there, the same file. Else a deleted test would go on being run.
 */
export function pruneOrphans(root, folder) {
  for (const output of filesUnder(join(root, 'dist'), folder)) {
    const sources = [output.replace(compiled, '.ts'), output]
    if (!sources.some((source) => existsSync(join(root, source)))) {
      rmSync(join(root, 'dist', output))
    }
  }
}
