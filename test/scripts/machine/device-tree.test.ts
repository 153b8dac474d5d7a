import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readBoard } from '../../../src/cores/read-board.ts'
import { needsTool } from '../../support/needs-tool.ts'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface Cells {
  address: number
  size: number
}

const { deviceTreeSource, overlaySource } = await importScript<{
  deviceTreeSource(board: object, machine: { base: string; cells: Cells; cpus: string[] }): string
  overlaySource(board: object): string
}>('machine/device-tree.mjs')
const { buildDeviceTree } = await importScript<{
  buildDeviceTree(what: {
    cache: string
    board: object
    base(path: string): void
    ingredients: unknown
    tell(line: string): void
  }): string
}>('machine/build-device-tree.mjs')

const { buildOverlay, overlaidDeviceTree } = await importScript<{
  buildOverlay(what: {
    cache: string
    name: string
    source: string
    tell(line: string): void
  }): string
  overlaidDeviceTree(what: {
    cache: string
    name: string
    base: string
    overlays: string[]
    tell(line: string): void
  }): string
}>('machine/overlaid-device-tree.mjs')

const dtcTest = needsTool(test, 'dtc', 'apt-get install device-tree-compiler')

/** A machine's own tree, with so many cores. */
function machineSource(cells: Cells, cores: number): string {
  const cpus = Array.from({ length: cores }, (_, core) => `cpu@${core} { reg = <${core}>; };`)
  return `/dts-v1/;
/ {
	#address-cells = <${cells.address}>;
	#size-cells = <${cells.size}>;
	interrupt-parent = <&intc>;
	intc: intc { interrupt-controller; #interrupt-cells = <3>; };
	cpus { #address-cells = <1>; #size-cells = <0>; cpu-map { }; ${cpus.join(' ')} };
	reserved-memory { };
};
`
}

/** A board's tree over a made-up machine's, compiled, to be asked; numbers are hexadecimal. */
function compiled(t: ExecutionContext, name: string, cells: Cells, cores = 4) {
  const cache = temporaryFolder(t)
  const source = join(cache, 'machine.dts')
  writeFileSync(source, machineSource(cells, cores))
  const tree = buildDeviceTree({
    cache,
    board: readBoard(name),
    base: (path) => void execFileSync('dtc', ['-q', '-O', 'dtb', '-o', path, source]),
    ingredients: 'made up',
    tell: () => {},
  })
  return asked(tree)
}

/** The tree that the Pi's boot loader makes of a made-up one, with so many cores. */
function overlaid(t: ExecutionContext, cores = 4) {
  const cache = temporaryFolder(t)
  const source = join(cache, 'machine.dts')
  const base = join(cache, 'machine.dtb')
  writeFileSync(source, machineSource(NARROW, cores))
  execFileSync('dtc', ['-q', '-O', 'dtb', '-o', base, source])
  const name = 'pi-zero-2w'
  const tell = () => {}
  const overlay = buildOverlay({ cache, name, source: overlaySource(readBoard(name)), tell })
  return asked(overlaidDeviceTree({ cache, name, base, overlays: [overlay], tell }))
}

function asked(tree: string) {
  const fdtget = (args: string[]) =>
    execFileSync('fdtget', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
  return {
    nodes: (path: string) => fdtget(['-l', tree, path]).split('\n'),
    numbers: (path: string, property: string) => fdtget(['-tx', tree, path, property]),
    text: (path: string, property: string) => fdtget(['-ts', tree, path, property]),
  }
}

const WIDE = { address: 2, size: 2 }
const NARROW = { address: 1, size: 1 }

dtcTest('Linux on virt has one core, and neither memory of the firmware', (t) => {
  const tree = compiled(t, 'qemu-virt', WIDE)
  t.deepEqual(tree.nodes('/cpus'), ['cpu@0'])
  const reserved = '/reserved-memory'
  t.deepEqual(tree.nodes(reserved), ['carillon-firmware@78000000', 'carillon-region@79000000'])
  for (const [node, reg] of [
    ['carillon-firmware@78000000', '0 78000000 0 1000000'],
    ['carillon-region@79000000', '0 79000000 0 1000000'],
  ]) {
    t.is(tree.numbers(`${reserved}/${node}`, 'reg'), reg ?? '')
    t.is(tree.text(`${reserved}/${node}`, 'no-map'), '')
  }
})

dtcTest('the driver is told of virt where it rings and what rings it', (t) => {
  const tree = compiled(t, 'qemu-virt', WIDE)
  t.is(tree.text('/carillon', 'compatible'), 'carillon,bridge')
  t.is(tree.numbers('/carillon', 'reg'), '0 8000000 0 1000')
  t.is(tree.text('/carillon', 'reg-names'), 'doorbells')
  // Shared interrupt 100, on an edge: the interrupt 132 of the controller.
  t.is(tree.numbers('/carillon', 'interrupts'), '0 64 1')
  t.is(tree.numbers('/carillon', 'carillon,cores'), '1 2 3')
  t.is(tree.text('/carillon', 'carillon,enable-method'), 'psci')
  t.is(tree.text('/carillon', 'memory-region-names'), 'firmware region')
  t.is(tree.numbers('/carillon', 'memory-region').split(' ').length, 2)
})

dtcTest('the driver is told of the Pi where cores wait, and what silences its timer', (t) => {
  const tree = overlaid(t)
  t.is(tree.text('/reserved-memory/carillon-firmware@18000000', 'no-map'), '')
  t.is(tree.numbers('/reserved-memory/carillon-region@19000000', 'reg'), '19000000 1000000')
  t.is(tree.numbers('/carillon', 'reg'), '40000000 1000 3f003000 4')
  t.is(tree.text('/carillon', 'reg-names'), 'doorbells acknowledge')
  t.is(tree.numbers('/carillon', 'carillon,acknowledge'), '2')
  t.is(tree.numbers('/carillon', 'interrupts'), '1 1')
  t.is(tree.text('/carillon', 'carillon,enable-method'), 'parking')
  t.is(tree.numbers('/carillon', 'carillon,release-addresses'), '0 e0 0 e8 0 f0')
})

dtcTest('an overlay takes the Pi’s cores from Linux, all but the first', (t) => {
  const tree = overlaid(t)
  for (const core of [1, 2, 3]) t.is(tree.text(`/cpus/cpu@${core}`, 'status'), 'fail')
  t.throws(() => tree.text('/cpus/cpu@0', 'status'))
  t.throws(() => overlaid(t, 3), {
    message: /The overlays do not fit the device tree of pi-zero-2w \[ERR_CARILLON_IMAGE_BUILD\]$/,
  })
})

dtcTest('a machine that has not all of the cores is refused', (t) => {
  t.throws(() => compiled(t, 'qemu-virt', WIDE, 3), {
    message:
      'the device tree of qemu-virt has no core 3: there are cpu-map, cpu@0, cpu@1, cpu@2 [ERR_CARILLON_IMAGE_BUILD]',
  })
})

test('a board that is described otherwise has another tree', (t) => {
  const machine = { base: 'own.dts', cells: WIDE, cpus: ['cpu@1'] }
  const board = readBoard('qemu-virt')
  const source = deviceTreeSource(board, machine)
  t.true(source.startsWith('/include/ "own.dts"\n'))
  const moved = { ...board.memory, region: { ...board.memory.region, address: 0x7a00_0000 } }
  t.not(deviceTreeSource({ ...board, memory: moved }, machine), source)
})
