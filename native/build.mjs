// Builds the native addon with node-gyp.
//
//   node native/build.mjs                fails where that is not possible
//   node native/build.mjs --on-install   what npm runs: then there is a note, and `net` serves instead
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))

if (process.argv.includes('--on-install')) onInstall()
else process.exitCode = build('inherit') ? 0 : 1

function onInstall() {
  // In a checkout the set-up builds it, and checks that it did.
  if (existsSync(join(folder, '../scripts/setup.mjs'))) return
  if (process.platform !== 'linux' || build('ignore')) return
  console.error(
    `carillon: the epoll addon did not build, so connections go over Node's net, at half the speed. To see why, run: node ${join(folder, 'build.mjs')}`,
  )
}

function build(stdio) {
  const script = nodeGyp()
  if (script === undefined) {
    if (stdio === 'inherit') console.error('node-gyp is not there: npm install --global node-gyp')
    return false
  }
  const { status } = spawnSync(process.execPath, [script, 'rebuild', '-C', folder], { stdio })
  return status === 0
}

/** The one that npm brings and names, or the one of the development packages. */
function nodeGyp() {
  const { npm_config_node_gyp: ofNpm } = process.env
  if (ofNpm) return ofNpm
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  } catch {
    return undefined
  }
}
