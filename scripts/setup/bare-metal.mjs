import { availableParallelism } from 'node:os'
import { inCi } from '../testing/in-ci.mjs'
import { boardNames } from './boards.mjs'
import { findTool } from './find-tool.mjs'
import { runQuietly, runTool } from './run-tool.mjs'

/** The ports for boards that QEMU has, and for those that Linux shares. */
export function bareMetalPorts(root) {
  return ['virt', 'raspi3', ...boardNames(root)]
}

const COMPILER = 'aarch64-linux-gnu-gcc'

/**
 * The step that builds the firmware for bare metal. A machine without the cross compiler is set up without
 * that firmware; in CI it must be there.
 */
export function bareMetalFirmware(root) {
  const builds = bareMetalPorts(root).map((port) => ['-C', 'firmware', `PORT=${port}`])
  return {
    name: 'firmware-bare-metal',
    doing: 'Building the bare-metal firmware',
    tools: inCi() ? [COMPILER] : [],
    // make itself knows what is stale.
    isFresh: () =>
      (!canCrossCompile(root) && !inCi()) ||
      builds.every((build) => runQuietly(root, 'make', [...build, '-q']).ok),
    run: () => {
      for (const build of builds) {
        runTool(root, 'make', [...build, `-j${availableParallelism()}`], {
          sentence: 'The bare-metal firmware did not build (the output is above)',
        })
      }
    },
  }
}

/** Whether there is the compiler, and picolibc for it. */
function canCrossCompile(root) {
  if (findTool(COMPILER) === undefined) return false
  // What it does not find, it prints as it was given.
  const { output } = runQuietly(root, COMPILER, ['-print-file-name=picolibc.specs'])
  return output.includes('/')
}
