import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The packages of the lock file that `carillon` needs to run, as paths under node_modules: all but what
 * only development needs, and of those that are built, nothing that only their building needs.
 *
 * @param {string} root the checkout
 * @param {string[]} built names of packages that come with a binary of ours: they need nothing more
 */
export function productionPackages(root, built) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { dependencies = {}, optionalDependencies = {} } = packages['']
  const needed = new Set()
  const add = (name, from) => {
    const path = placeOf(packages, name, from)
    if (path === undefined || needed.has(path)) return
    if (packages[path].optional && !existsSync(join(root, path))) return
    needed.add(path)
    if (built.includes(name)) return
    for (const next of Object.keys(packages[path].dependencies ?? {})) add(next, path)
  }
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) add(name, '')
  return [...needed].sort()
}

/** Where Node finds a package that is asked for from another: in that one, or in a folder above. */
function placeOf(packages, name, from) {
  // `node_modules/a/node_modules/b` looks in itself, in a, and at the top.
  const folders = from.split(/(?<=.)\/(?=node_modules\/)/)
  for (let depth = from === '' ? 0 : folders.length; depth >= 0; depth--) {
    const path = [...folders.slice(0, depth), `node_modules/${name}`].join('/')
    if (packages[path] !== undefined) return path
  }
  return undefined
}
