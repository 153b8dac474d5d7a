import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { cxxFlags } from './build-flags.mjs'
import { installedStamp } from './installed-stamp.mjs'
import { headersSetting } from './node-headers.mjs'
import { runQuietly, runTool, toolEnvironment } from './run-tool.mjs'
import { SetupError } from './setup-error.mjs'

/** The packages from the lock file, built for this Node. */
export function dependencies(root) {
  const stamp = installedStamp(root)
  return {
    name: 'dependencies',
    doing: 'Installing the dependencies (npm ci)',
    tools: ['npm', 'make', 'g++', 'python3'],
    isFresh: () => stamp.isFresh(),
    run() {
      const wanted = stamp.wanted()
      refuseLinkedFolder(root)
      install(root)
      requireMmapIo(root)
      noticeMissingWebSockets(root)
      stamp.write(wanted)
    },
  }
}

function install(root) {
  // Set-up needs the development packages whatever NODE_ENV or the user's npmrc says.
  const include = ['--include=dev', '--include=optional']
  runTool(root, 'npm', ['ci', ...include, '--prefer-offline', '--no-audit', '--no-fund'], {
    env: toolEnvironment(buildSettings()),
    sentence:
      "npm ci failed for the reason above. It takes the packages of package-lock.json from the npm registry or npm's cache; where they could not be reached, connect and run: npm run setup",
  })
}

/** What node-gyp is to know when it builds mmap-io. */
function buildSettings() {
  const flags = cxxFlags()
  return {
    // mmap-io would first look for a binary on the web, which no lock file vouches for.
    npm_config_build_from_source: 'true',
    ...headersSetting(),
    ...(flags && { CXXFLAGS: flags }),
  }
}

/** npm drops an optional package that does not build, and says nothing. */
function requireMmapIo(root) {
  const reason = whyNotLoading(root, 'mmap-io')
  if (reason === undefined) return
  const settings = Object.entries(buildSettings()).map(([name, value]) => `${name}='${value}'`)
  throw new SetupError(
    `mmap-io, which maps shared memory, did not build for Node ${process.versions.node} (${reason}); to see its build's output: ${settings.join(' ')} npm ci --foreground-scripts`,
  )
}

function noticeMissingWebSockets(root) {
  const reason = whyNotLoading(root, 'uWebSockets.js')
  if (reason === undefined) return
  console.error(
    `Note: uWebSockets.js does not load on Node ${process.versions.node} here, so there will be no web console (${reason})`,
  )
}

/** Asks for the package by its path, so that none of a folder further up is taken for it. */
function whyNotLoading(root, name) {
  const path = JSON.stringify(join(root, 'node_modules', name))
  const { ok, output } = runQuietly(root, process.execPath, ['-e', `require(${path})`])
  if (ok) return undefined
  return output.split('\n').findLast((line) => line.startsWith('Error: ')) ?? 'it crashed'
}

/** npm ci would empty the folder at the other end of the link, which another checkout runs on. */
function refuseLinkedFolder(root) {
  const folder = join(root, 'node_modules')
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return
  throw new SetupError(
    `${folder} is a link, and what it leads to was not set up for this lock file and this Node: run npm run setup in the checkout that it leads to, or delete the link`,
  )
}
