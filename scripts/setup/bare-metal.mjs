import { availableParallelism } from 'node:os'
import { inCi } from '../testing/in-ci.mjs'
import { findTool } from './find-tool.mjs'
import { runQuietly, runTool } from './run-tool.mjs'

/** The ports for boards that QEMU has. */
export const BARE_METAL_PORTS = ['virt', 'raspi3']

const COMPILER = 'aarch64-linux-gnu-gcc'

/**
 * The step that builds the firmware for QEMU's boards. A machine without the cross compiler is set up without
 * that firmware; in CI it must be there.
 */
export function bareMetalFirmware(root) {
  const builds = BARE_METAL_PORTS.map((port) => ['-C', 'firmware', `PORT=${port}`])
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
