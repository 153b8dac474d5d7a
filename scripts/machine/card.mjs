import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { filesUnder } from '../setup/files-under.mjs'
import { MachineError } from './machine-error.mjs'

/** As the boot loader's `dtoverlay` names it. */
const OVERLAY = 'carillon'

/**
 * Writes what the owner of a board copies onto a card that has its own Linux: the overlay and its source,
 * the lines for config.txt, the driver's sources, what the cores run, and the page that says what to do.
 *
 * @param {{ root: string, name: string, dtbo: string, source: string, config: string[],
 *   firmware: string[] }} what `dtbo` is the overlay's path, `source` its text; `firmware` are paths in
 *   the checkout
 * @returns {string} the folder, which is made anew
 * @throws {MachineError} `ERR_CARILLON_IMAGE_BUILD` where the firmware is not built
 */
export function writeCard({ root, name, dtbo, source, config, firmware }) {
  const missing = firmware.find((path) => !existsSync(join(root, path)))
  if (missing !== undefined) {
    throw new MachineError(
      'ERR_CARILLON_IMAGE_BUILD',
      `there is no ${missing}, which goes onto a card: npm run setup says what it needs to build it`,
    )
  }
  const folder = join(root, 'dist/cards', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'driver'), { recursive: true })
  writeFileSync(join(folder, `${OVERLAY}.dts`), source)
  copyFileSync(dtbo, join(folder, `${OVERLAY}.dtbo`))
  // What somebody writes behind it is for all boards again.
  const lines = [...config, `dtoverlay=${OVERLAY}`, '[all]']
  writeFileSync(join(folder, 'config.txt'), `${lines.join('\n')}\n`)
  for (const file of filesUnder(root, 'boards/linux')) {
    copyFileSync(join(root, file), join(folder, 'driver', basename(file)))
  }
  for (const file of firmware) copyFileSync(join(root, file), join(folder, basename(file)))
  copyFileSync(join(root, `docs/${name}.md`), join(folder, 'README.md'))
  return folder
}
