import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bareMetalPorts } from './bare-metal.mjs'
import { runTool } from './run-tool.mjs'
import { stampedStep } from './stamped-step.mjs'

/** The firmware that the set-up builds in any case. */
const HOSTED = 'firmware/build/hosted/carillon-core'

/** The step that fails where a compiler made something else of the shared layout than was declared. */
export function firmwareLayout(root) {
  // And what it builds where it can.
  const bareMetal = bareMetalPorts(root).map((port) => `firmware/build/${port}/carillon-core.elf`)
  const images = () => [HOSTED, ...bareMetal.filter((elf) => existsSync(join(root, elf)))]
  return {
    ...stampedStep(root, {
      name: 'firmware-layout',
      doing: 'Checking the layout in the firmware',
      inputs: () => ['dist/cli', ...images()],
      outputs: () => [],
      run: () => {
        for (const elf of images()) checkLayout(root, elf)
      },
    }),
    // Elsewhere the hosted firmware is no ELF file.
    ...(process.platform !== 'linux' && { isFresh: () => true }),
  }
}

function checkLayout(root, elf) {
  runTool(root, process.execPath, ['dist/cli/main.cjs', 'layout', '--check', elf], {
    sentence: `The layout in ${elf} is not the one of src/shm/shared-mem.ts (see above). After a change there, npm run setup writes the C header and builds the firmware anew`,
  })
}
