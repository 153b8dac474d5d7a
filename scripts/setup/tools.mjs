import { findTool } from './find-tool.mjs'
import { SetupError } from './setup-error.mjs'

/**
 * The programs that the set-up runs and may not install: what each is for, the Debian package that
 * brings it, and the variable that names another program in its place.
 */
const TOOLS = {
  npm: { purpose: 'it installs the dependencies', debian: 'npm' },
  make: { purpose: 'it builds the firmware and the native addons', debian: 'build-essential' },
  cc: { purpose: 'it compiles the firmware', debian: 'build-essential', variable: 'CC' },
  'aarch64-linux-gnu-gcc': {
    purpose: 'it compiles the bare-metal firmware',
    debian: 'gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu',
  },
  'g++': { purpose: 'it compiles the native addons', debian: 'build-essential', variable: 'CXX' },
  python3: {
    purpose: 'node-gyp runs on it to build the native addons',
    debian: 'python3',
    variable: 'PYTHON',
  },
}

/** @throws {SetupError} naming every one of these tools that is missing. */
export function requireTools(names) {
  const missing = [...new Set(names)].filter((name) => !isThere(name))
  if (missing.length > 0) throw new SetupError(missingToolsSentence(missing))
}

function isThere(name) {
  // CC='ccache gcc': the program is the first word.
  const chosen = process.env[TOOLS[name].variable]?.trim().split(/\s+/)[0]
  return findTool(chosen || name) !== undefined
}

/** What is missing, what for, and the command that installs it. */
export function missingToolsSentence(names, asRoot = process.getuid?.() === 0) {
  const what = names.map((name) => `${name} (${TOOLS[name].purpose})`)
  const packages = [...new Set(names.map((name) => TOOLS[name].debian))]
  const command = `${asRoot ? '' : 'sudo '}apt-get install ${packages.join(' ')}`
  return `Carillon's set-up needs ${listed(what)}, not found in PATH; to install: ${command}`
}

function listed(items) {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
