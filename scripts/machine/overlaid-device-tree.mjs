import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepMade } from './keep-made.mjs'
import { runMachineTool } from './tools.mjs'

/**
 * Compiles an overlay.
 *
 * @param {{ cache: string, name: string, source: string, tell: (line: string) => void }} what `source` is
 *   its text
 * @returns {string} the path of a `.dtbo`
 */
export function buildOverlay({ cache, name, source, tell }) {
  return keepMade(
    join(cache, 'kernel'),
    {
      name,
      suffix: '.dtbo',
      ingredients: source,
      doing: `Compiling the overlay ${name}`,
      make(path) {
        writeFileSync(`${path}.dts`, source)
        runMachineTool('.', 'dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', path, `${path}.dts`], {
          sentence: `The overlay ${name} did not compile`,
        })
      },
    },
    tell,
  )
}

/**
 * The device tree that a boot loader makes of a machine's own and overlays.
 *
 * @param {{ cache: string, name: string, base: string, overlays: string[],
 *   tell: (line: string) => void }} what paths of a `.dtb` and of `.dtbo`, each of which has what it is made
 *   of in its own
 * @returns {string} the path of a `.dtb`
 */
export function overlaidDeviceTree({ cache, name, base, overlays, tell }) {
  return keepMade(
    join(cache, 'kernel'),
    {
      name,
      suffix: '.dtb',
      ingredients: [base, overlays],
      doing: `Applying overlays to the device tree of ${name}`,
      make(path) {
        runMachineTool('.', 'fdtoverlay', ['-i', base, '-o', path, ...overlays], {
          sentence: `The overlays do not fit the device tree of ${name}`,
        })
      },
    },
    tell,
  )
}
