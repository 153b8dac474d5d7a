import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BARE_METAL_PORTS } from './bare-metal.mjs'
import { runTool } from './run-tool.mjs'
import { stampedStep } from './stamped-step.mjs'

/** The firmware that the set-up builds in any case. */
const HOSTED = 'firmware/build/hosted/carillon-core'

/** What it builds where it can. */
const BARE_METAL = BARE_METAL_PORTS.map((port) => `firmware/build/${port}/carillon-core.elf`)

/** The step that fails where a compiler made something else of the shared layout than was declared. */
export function firmwareLayout(root) {
  const images = () => [HOSTED, ...BARE_METAL.filter((elf) => existsSync(join(root, elf)))]
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
  runTool(root, process.execPath, ['dist/cli/main.js', 'layout', '--check', elf], {
    sentence: `The layout in ${elf} is not the one of src/shm/shared-mem.ts (see above). After a change there, npm run setup writes the C header and builds the firmware anew`,
  })
}
