import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file that is there whole or not at all, wherever the writing is broken off. */
export function writeJson(path, value) {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}
