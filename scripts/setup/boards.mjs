import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The boards that Linux and the firmware share: each has a folder, and its firmware a port of that name. */
export function boardNames(root) {
  const folder = join(root, 'boards')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'board.json')))
    .sort()
}

/** What a board's files are generated from, relative to `root`. */
export function boardDescriptions(root) {
  return boardNames(root).map((name) => `boards/${name}/board.json`)
}

/** What is generated, relative to `root`. */
export function boardOutputs(root) {
  return boardNames(root).flatMap((name) =>
    ['board.h', 'board.ld'].map((file) => `firmware/port/${name}/${file}`),
  )
}
