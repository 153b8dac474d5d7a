import { join } from 'node:path'
import { fingerprint, Stamp } from './stamp.mjs'

/** npm's own list of what is installed: `npm prune`, `npm install` and `npm uninstall` change it. */
const INSTALLED = 'node_modules/.package-lock.json'

/** Remembers which packages were wanted, and which were installed for which Node. */
export function installedStamp(root) {
  // Inside node_modules, so that it goes when that goes; npm ci deletes it first and we write it last.
  const stamp = new Stamp(join(root, 'node_modules/.carillon-installed'))
  // A compiled package fits one ABI on one kind of machine.
  const builtFor = `${process.platform}-${process.arch}-${process.versions.modules}`
  const wanted = () => fingerprint(root, ['package-lock.json'])
  const installed = () => `${builtFor} ${fingerprint(root, [INSTALLED])}`
  return {
    wanted,
    isFresh: () => stamp.matches(wanted(), installed()),
    /** @param {string} from what was {@link wanted} when the installation began */
    write: (from) => stamp.write(from, installed()),
  }
}
