import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from './files-under.mjs'
import { pruneOrphans } from './prune-orphans.mjs'
import { runTool } from './run-tool.mjs'

/** What tsc reads, relative to `root`. */
export function typeScriptSources(root) {
  return sourceFolders(root)
    .flatMap((folder) => filesUnder(root, folder))
    .filter((file) => file.endsWith('.ts'))
}

/** Where tsc writes, relative to `root`. */
export function typeScriptOutputs(root) {
  return sourceFolders(root).map((folder) => join('dist', folder))
}

/** Compiles everything, and leaves nothing of sources that are gone. */
export function compileTypeScript(root) {
  for (const folder of sourceFolders(root)) pruneOrphans(root, folder)
  // tsc believes this file about what lies in dist/, and would not write again what was deleted.
  rmSync(join(root, 'dist/.tsbuildinfo'), { force: true })
  runTool(root, 'node_modules/.bin/tsc', ['--pretty', 'false'], {
    sentence: 'The TypeScript did not compile (the errors are above)',
  })
}

function sourceFolders(root) {
  return JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include
}
