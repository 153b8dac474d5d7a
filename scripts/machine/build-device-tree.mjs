import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpuName, deviceTreeSource } from './device-tree.mjs'
import { keepMade } from './keep-made.mjs'
import { MachineError } from './machine-error.mjs'
import { runMachineTool } from './tools.mjs'

/**
 * The device tree that Linux gets on a machine.
 *
 * @param {{ cache: string, board: object, base: string, tell: (line: string) => void, ingredients: unknown }}
 *   machine `board` is its board.json, read; `base` makes the machine's own tree at a path
 * @returns {string} the path of a `.dtb`
 */
export function buildDeviceTree({ cache, board, base, ingredients, tell }) {
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `${board.name}`,
      suffix: '.dtb',
      // Without its phandles: the change itself says all.
      ingredients: [ingredients, deviceTreeSource(board, { base: '', cells: TWO, cpus: [] })],
      doing: `Compiling the device tree of ${board.name}`,
      make(path) {
        const own = `${path}.own`
        base(`${own}.dtb`)
        const cells = {
          address: cell(own, '#address-cells'),
          size: cell(own, '#size-cells'),
        }
        const source = deviceTreeSource(board, {
          base: `${own}.dts`,
          cells,
          cpus: cpusToGo(own, board),
        })
        writeFileSync(`${path}.dts`, source)
        dtc(['-I', 'dtb', '-O', 'dts', '-o', `${own}.dts`, `${own}.dtb`])
        dtc(['-I', 'dts', '-O', 'dtb', '-o', path, `${path}.dts`])
      },
    },
    tell,
  )
}

const TWO = { address: 2, size: 2 }

function dtc(args) {
  // It warns of what the machine's own tree has, too.
  runMachineTool('.', 'dtc', ['-q', ...args], { sentence: 'The device tree did not compile' })
}

function fdtget(args) {
  return runMachineTool('.', 'fdtget', args, { sentence: 'The device tree could not be read' })
}

function cell(own, name) {
  return Number(fdtget([`${own}.dtb`, '/', name]))
}

/**
 * The nodes of the firmware's cores, and the map of how the cores lie together, which names them.
 *
 * @throws {MachineError} `ERR_CARILLON_IMAGE_BUILD` where a core has none
 */
function cpusToGo(own, board) {
  const names = fdtget(['-l', `${own}.dtb`, '/cpus'])
    .trim()
    .split('\n')
  const nodeOf = (core) => {
    const name = cpuName(core)
    if (names.includes(name)) return name
    throw new MachineError(
      'ERR_CARILLON_IMAGE_BUILD',
      `the device tree of ${board.name} has no core ${core}: there are ${names.join(', ')}`,
    )
  }
  return [...names.filter((name) => name === 'cpu-map'), ...board.cores.firmware.map(nodeOf)]
}
