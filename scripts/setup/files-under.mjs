import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The files under `path`, sorted, relative to `root`; `path` itself where it is a file; none where it is absent. */
export function filesUnder(root, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  if (stat === undefined) return []
  if (!stat.isDirectory()) return [path]
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesUnder(root, join(path, name)))
}
