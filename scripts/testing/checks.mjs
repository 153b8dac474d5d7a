import { spawnSync } from 'node:child_process'
import { toolEnvironment } from '../setup/run-tool.mjs'

/** Biome's rules and format; in CI its stricter command, which also fails on what it cannot read. */
export function lint(root, inCi) {
  return passes(root, 'node_modules/.bin/biome', [inCi ? 'ci' : 'check'])
}

/** Whether the committed C header is what the layout gives. */
export function headerMatchesLayout(root) {
  return passes(root, process.execPath, ['dist/src/shm/write-c-header.js', '--check'])
}

/** Whether what is committed for each board is what its description gives. */
export function boardFilesMatch(root) {
  return passes(root, process.execPath, ['dist/src/cores/write-board-files.js', '--check'])
}

function passes(root, command, args) {
  const stdio = ['ignore', 'inherit', 'inherit']
  return spawnSync(command, args, { cwd: root, env: toolEnvironment(), stdio }).status === 0
}
