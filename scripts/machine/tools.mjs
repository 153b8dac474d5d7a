import { delimiter } from 'node:path'
import { findTool } from '../setup/find-tool.mjs'
import { runQuietly, toolEnvironment } from '../setup/run-tool.mjs'
import { MachineError } from './machine-error.mjs'

/** What the image is made with, and what runs it: what for, and the Debian package that brings it. */
const TOOLS = {
  'aarch64-linux-gnu-gcc': {
    purpose: 'it compiles the firmware and the kernel module',
    debian: 'gcc-aarch64-linux-gnu',
  },
  'aarch64-linux-gnu-g++': {
    purpose: 'it compiles the native addons',
    debian: 'g++-aarch64-linux-gnu',
  },
  'apt-get': { purpose: 'it fetches Debian packages', debian: 'apt' },
  cpio: { purpose: 'it packs the initial root', debian: 'cpio' },
  'dpkg-deb': { purpose: 'it unpacks Debian packages', debian: 'dpkg' },
  dtc: { purpose: 'it compiles the device tree', debian: 'device-tree-compiler' },
  fdtget: { purpose: 'it reads device trees', debian: 'device-tree-compiler' },
  fdtoverlay: {
    purpose: 'it changes a device tree as a boot loader does',
    debian: 'device-tree-compiler',
  },
  gzip: { purpose: 'it compresses the initial root', debian: 'gzip' },
  make: { purpose: 'it builds the kernel module and the firmware', debian: 'make' },
  mke2fs: { purpose: 'it makes the disks', debian: 'e2fsprogs' },
  npm: { purpose: 'it fetches Node for arm64', debian: 'npm' },
  'qemu-system-aarch64': { purpose: 'it is the machine', debian: 'qemu-system-arm' },
  setpriv: { purpose: 'it ends QEMU with whoever started it', debian: 'util-linux' },
  tar: { purpose: 'it unpacks packages', debian: 'tar' },
}

/** Where tools are looked for: mke2fs is in a folder that only root has in PATH. */
export function toolPath(path = process.env.PATH ?? '') {
  return [path, '/usr/sbin', '/sbin'].join(delimiter)
}

/** The environment for them. */
export function machineToolEnvironment(more = {}) {
  const environment = toolEnvironment(more)
  return { ...environment, PATH: toolPath(environment.PATH) }
}

/**
 * @param {string[]} names of tools
 * @throws {MachineError} `ERR_CARILLON_MACHINE_TOOL`, naming every one that is missing and what installs it
 */
export function requireMachineTools(names, path = toolPath(), asRoot = process.getuid?.() === 0) {
  const missing = names.filter((name) => findTool(name, path) === undefined)
  if (missing.length === 0) return
  const what = missing.map((name) => `${name} (${TOOLS[name].purpose})`).join(', ')
  const packages = [...new Set(missing.map((name) => TOOLS[name].debian))].join(' ')
  throw new MachineError(
    'ERR_CARILLON_MACHINE_TOOL',
    `not found in PATH: ${what}; to install: ${asRoot ? '' : 'sudo '}apt-get install ${packages}`,
  )
}

/** The slowest of them fetches 100 MB, or compiles beside ten busy processes. */
const TOOL_MS_MAX = 30 * 60_000

/**
 * Runs a tool in silence.
 *
 * @param {string} folder where it runs
 * @param {string} command
 * @param {string[]} args
 * @param {{ sentence: string, code?: string, env?: object, timeoutMs?: number }} failure what the
 *   error says after the tool's output; default code `ERR_CARILLON_IMAGE_BUILD`; after so many milliseconds
 *   the tool is ended, and has failed (default 30 minutes)
 * @returns {string} what it printed
 * @throws {MachineError}
 */
export function runMachineTool(folder, command, args, failure) {
  const { sentence, code = 'ERR_CARILLON_IMAGE_BUILD', env = {}, timeoutMs = TOOL_MS_MAX } = failure
  const environment = machineToolEnvironment(env)
  const { ok, output } = runQuietly(folder, command, args, environment, timeoutMs)
  if (!ok) throw new MachineError(code, `${output.trimEnd()}\n\n${sentence}`)
  return output
}
