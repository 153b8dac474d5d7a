/**
 * What is changed in a machine's device tree for the firmware beside Linux: its cores are taken away from
 * Linux, its memory is reserved, and the node is there that the driver of boards/linux looks for. Either
 * the whole tree is made anew with that in it, or an overlay changes the one that is there.
 */

/** Interrupts of a GIC that all cores share are counted from here. */
const FIRST_SPI = 32
/** Cells of an interrupt in the device tree. */
const GIC_SPI = 0
const EDGE_RISING = 1

const PAGE_BYTES = 4096

/** The spin table of the boot code that a Raspberry Pi is started with. */
const SPIN_TABLE = 0xd8

/** Bit of a channel of the system timer in its control register, by which it is acknowledged. */
const timerBit = (channel) => 2 ** channel

/**
 * The whole tree of a machine as it is for Linux, as a source for dtc that includes the machine's own.
 *
 * @param {object} board `boards/NAME/board.json`, read
 * @param {{ base: string, cells: { address: number, size: number }, cpus: string[] }} machine `base` is the
 *   file with the machine's own tree, as a source; `cells` are the root's; `cpus` are the names of the nodes
 *   in `/cpus` that are to go
 * @returns {string}
 */
export function deviceTreeSource(board, { base, cells, cpus }) {
  return `/include/ "${base}"
/ {
	cpus {
${cpus.map((name) => `		/delete-node/ ${name};`).join('\n')}
	};
	reserved-memory {
${indented(2, reservedMemory(board, cells))}
	};
${indented(1, bridge(board, cells))}
};
`
}

/** An overlay knows no others: of a machine whose root counts addresses and sizes in 32 bits. */
const OVERLAY_CELLS = { address: 1, size: 1 }

/**
 * The change by itself, as a source of an overlay, for a boot loader that applies it. No node goes by an
 * overlay: a core that is marked as one that failed is not Linux's either.
 *
 * @param {object} board `boards/NAME/board.json`, read
 * @returns {string}
 */
export function overlaySource(board) {
  const fragments = [
    { path: '/', lines: bridge(board, OVERLAY_CELLS) },
    { path: '/reserved-memory', lines: reservedMemory(board, OVERLAY_CELLS) },
    ...board.cores.firmware.map((core) => ({
      path: `/cpus/${cpuName(core)}`,
      lines: ['status = "fail";'],
    })),
  ]
  return overlay(
    `${board.summary}: cores, memory and a bell for the firmware beside Linux.`,
    fragments,
  )
}

/**
 * The source of an overlay.
 *
 * @param {string} title of it, for people
 * @param {{ path: string, lines: string[] }[]} fragments what is put into which node
 */
export function overlay(title, fragments) {
  const texts = fragments.map(
    ({ path, lines }, index) => `	fragment@${index} {
		target-path = "${path}";
		__overlay__ {
${indented(3, lines)}
		};
	};`,
  )
  return `// ${title}
/dts-v1/;
/plugin/;
/ {
${texts.join('\n')}
};
`
}

/** As the tree calls a core. */
export const cpuName = (core) => `cpu@${core.toString(16)}`

function reservedMemory({ memory }, cells) {
  return [
    `#address-cells = <${cells.address}>;`,
    `#size-cells = <${cells.size}>;`,
    'ranges;',
    `carillon_firmware: ${memoryNode('firmware', memory.firmware, cells)}`,
    `carillon_region: ${memoryNode('region', memory.region, cells)}`,
  ]
}

/** The node that the driver looks for. */
function bridge(board, cells) {
  return [
    'carillon {',
    ...[
      'compatible = "carillon,bridge";',
      'memory-region = <&carillon_firmware>, <&carillon_region>;',
      'memory-region-names = "firmware", "region";',
      `carillon,cores = ${list(board.cores.firmware)};`,
      ...registers(board, cells),
      ...interrupt(board),
      ...start(board),
    ].map((line) => `\t${line}`),
    '};',
  ]
}

const indented = (depth, lines) => lines.map((line) => '\t'.repeat(depth) + line).join('\n')

function memoryNode(name, { address, bytes }, cells) {
  const reg = range(address, bytes, cells)
  return `carillon-${name}@${address.toString(16)} { reg = <${reg}>; no-map; };`
}

/** Where the bells to the cores are, and where one to Linux is acknowledged. */
function registers({ interrupts, bells }, cells) {
  const doorbells =
    interrupts.controller === 'gicv2' ? interrupts.distributor : interrupts.registers
  const rung = range(doorbells, PAGE_BYTES, cells)
  const { toLinux } = bells
  if (toLinux.kind === 'spi') return [`reg = <${rung}>;`, 'reg-names = "doorbells";']
  return [
    `reg = <${rung}>, <${range(toLinux.registers, 4, cells)}>;`,
    'reg-names = "doorbells", "acknowledge";',
    `carillon,acknowledge = <${timerBit(toLinux.number)}>;`,
  ]
}

function interrupt({ bells: { toLinux } }) {
  // The timer's are the first of the second bank of the BCM2835.
  const cells =
    toLinux.kind === 'spi'
      ? [GIC_SPI, toLinux.number - FIRST_SPI, EDGE_RISING]
      : [1, toLinux.number]
  return [`interrupts = ${list(cells)};`]
}

function start({ start: { method }, cores: { firmware } }) {
  if (method === 'psci') return ['carillon,enable-method = "psci";']
  const addresses = firmware.flatMap((core) => [0, SPIN_TABLE + 8 * core])
  return [
    'carillon,enable-method = "parking";',
    `carillon,release-addresses = <${addresses.map(hex).join(' ')}>;`,
  ]
}

const list = (numbers) => `<${numbers.join(' ')}>`
const hex = (number) => `0x${number.toString(16)}`

/** An address and a size, in as many cells as the root gives them. */
function range(address, bytes, cells) {
  const padded = (number, count) => [...Array(count - 1).fill('0'), hex(number)]
  return [...padded(address, cells.address), ...padded(bytes, cells.size)].join(' ')
}
