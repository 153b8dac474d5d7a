import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a folder, or empties it of all but the names that are `kept`. */
export function emptyFolder(folder, kept = []) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) {
    if (!kept.includes(name)) rmSync(join(folder, name), { recursive: true, force: true })
  }
}
