import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { boardDescription } from '../../src/cores/board-description.ts'
import { boardFiles } from '../../src/cores/board-files.ts'
import { BOARD_LIMITS } from '../../src/cores/board-limits.ts'
import { BoardError } from '../../src/cores/errors.ts'
import { BOARDS_FOLDER, boardNames, readBoard } from '../../src/cores/read-board.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Json = { [name: string]: Json } | readonly Json[] | string | number | null | undefined

function described(name: string): string {
  return readFileSync(join(BOARDS_FOLDER, name, 'board.json'), 'utf8')
}

/** A board's description with one value in place of another; undefined takes it out. */
function changed(board: string, path: string, value: Json): unknown {
  const whole: Record<string, unknown> = JSON.parse(described(board))
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  let at = whole
  for (const step of steps) at = at[step] as Record<string, unknown>
  if (value === undefined) delete at[last]
  else at[last] = value
  return whole
}

test('the boards that there are can be read', (t) => {
  t.deepEqual(boardNames(), ['pi-zero-2w', 'qemu-virt'])
  const virt = readBoard('qemu-virt')
  t.deepEqual(virt.cores, { linux: [0], firmware: [1, 2, 3] })
  t.deepEqual(virt.memory.region, { address: 0x7900_0000, bytes: 16 * 1024 * 1024 })
  t.deepEqual(virt.start, { method: 'psci' })
  const pi = readBoard('pi-zero-2w')
  t.deepEqual(pi.start, { method: 'parking', page: 0x18ff_f000 })
  t.is(pi.interrupts.controller, 'bcm2836')
})

test('what is generated from the descriptions is what is committed', (t) => {
  for (const name of boardNames()) {
    for (const { path, text } of boardFiles(readBoard(name))) {
      t.is(readFileSync(join(REPOSITORY, path), 'utf8'), text, path)
    }
  }
})

/** What is refused and what is taken, on either side of each limit. */
const VALUES: [board: string, path: string, value: Json, code?: string][] = [
  ['qemu-virt', 'name', 'pi-zero-2w', 'FIELD'],
  ['qemu-virt', 'summary', '', 'FIELD'],
  ['qemu-virt', 'summary', 7, 'FIELD'],
  ['qemu-virt', 'summary', undefined, 'FIELD'],
  ['qemu-virt', 'colour', 'red', 'FIELD'],
  ['qemu-virt', 'memory.rom', {}, 'FIELD'],
  ['qemu-virt', 'cores', null, 'FIELD'],
  ['qemu-virt', 'cores', [], 'FIELD'],
  ['qemu-virt', 'cores.linux', [], 'FIELD'],
  ['qemu-virt', 'cores.linux', 0, 'FIELD'],
  ['qemu-virt', 'cores.linux', [0.5], 'FIELD'],
  ['qemu-virt', 'cores.linux', [-1], 'RANGE'],
  ['qemu-virt', 'cores.linux', [7]],
  ['qemu-virt', 'cores.linux', [8], 'RANGE'],
  ['qemu-virt', 'cores.linux', [0, 1], 'OVERLAP'],
  ['qemu-virt', 'cores', { linux: [3], firmware: [0, 1, 2] }, 'RANGE'],
  ['qemu-virt', 'cores', { linux: [0], firmware: [4, 5, 6, 7] }],
  ['qemu-virt', 'cores.firmware', [1]],
  ['qemu-virt', 'cores.firmware', [1, 2, 3, 4]],
  ['qemu-virt', 'cores.firmware', [1, 2, 3, 4, 5], 'RANGE'],
  ['qemu-virt', 'cores.firmware', [1, 3], 'RANGE'],
  ['qemu-virt', 'cores.firmware', [2, 1], 'RANGE'],
  ['qemu-virt', 'cores.firmware', [1, 1], 'RANGE'],
  ['qemu-virt', 'memory.firmware.address', 0x7800_0000, 'FIELD'],
  ['qemu-virt', 'memory.firmware.address', '78000000', 'FIELD'],
  ['qemu-virt', 'memory.firmware.address', '0x7800000000', 'FIELD'],
  ['qemu-virt', 'memory.firmware.address', '0x78001000', 'RANGE'],
  ['qemu-virt', 'memory.firmware.address', '0x40000000', 'OVERLAP'],
  ['qemu-virt', 'memory.firmware.address', '0x40200000'],
  ['qemu-virt', 'memory.firmware.address', '0x3fe00000', 'RANGE'],
  ['qemu-virt', 'memory.firmware.address', '0x78200000', 'OVERLAP'],
  ['qemu-virt', 'memory.firmware.bytes', '0x0', 'RANGE'],
  ['qemu-virt', 'memory.firmware.bytes', '0x200000', 'RANGE'],
  ['qemu-virt', 'memory.firmware.bytes', '0x400000'],
  ['qemu-virt', 'memory.region.address', '0x78e00000', 'OVERLAP'],
  ['qemu-virt', 'memory.region.address', '0x7f000000'],
  ['qemu-virt', 'memory.region.address', '0x7f200000', 'RANGE'],
  ['qemu-virt', 'memory.region.bytes', '0x0', 'RANGE'],
  ['qemu-virt', 'memory.region.bytes', '0x200000'],
  ['qemu-virt', 'memory.region.bytes', '0x100000', 'RANGE'],
  ['qemu-virt', 'memory.ram.bytes', '0xc0000000'],
  ['qemu-virt', 'memory.ram.bytes', '0xc0200000', 'RANGE'],
  ['qemu-virt', 'start.method', 'prayer', 'FIELD'],
  ['qemu-virt', 'start.page', '0x18fff000', 'FIELD'],
  ['qemu-virt', 'interrupts.controller', 'gicv3', 'FIELD'],
  ['qemu-virt', 'interrupts.distributor', '0x08000800', 'RANGE'],
  ['qemu-virt', 'interrupts.distributor', '0x3ffff000'],
  ['qemu-virt', 'interrupts.distributor', '0x40000000', 'OVERLAP'],
  ['qemu-virt', 'interrupts.cpuInterface', '0x7ffff000', 'OVERLAP'],
  ['qemu-virt', 'interrupts.cpuInterface', '0x80000000'],
  ['qemu-virt', 'interrupts.cpuInterface', '0x08000000', 'OVERLAP'],
  ['qemu-virt', 'bells.toCore.kind', 'mailbox', 'RANGE'],
  ['qemu-virt', 'bells.toCore', { kind: 'mailbox', number: 0 }, 'FIELD'],
  ['qemu-virt', 'bells.toCore.number', 7, 'RANGE'],
  ['qemu-virt', 'bells.toCore.number', 15],
  ['qemu-virt', 'bells.toCore.number', 16, 'RANGE'],
  ['qemu-virt', 'bells.toCore.number', '8', 'FIELD'],
  ['qemu-virt', 'bells.toLinux.number', 31, 'RANGE'],
  ['qemu-virt', 'bells.toLinux.number', 32],
  ['qemu-virt', 'bells.toLinux.number', 1019],
  ['qemu-virt', 'bells.toLinux.number', 1020, 'RANGE'],
  ['pi-zero-2w', 'bells.toLinux', { kind: 'spi', number: 132 }, 'FIELD'],
  ['pi-zero-2w', 'bells.toLinux.number', 0, 'RANGE'],
  ['pi-zero-2w', 'bells.toLinux.number', 2, 'RANGE'],
  ['pi-zero-2w', 'bells.toLinux.registers', '0x1000', 'OVERLAP'],
  ['pi-zero-2w', 'bells.toCore.number', 0],
  ['pi-zero-2w', 'bells.toCore.number', 1, 'RANGE'],
  ['pi-zero-2w', 'cores.firmware', [3]],
  ['pi-zero-2w', 'cores.firmware', [3, 4], 'RANGE'],
  ['pi-zero-2w', 'cores.linux', [4], 'RANGE'],
  ['pi-zero-2w', 'start', { method: 'psci' }, 'FIELD'],
  ['pi-zero-2w', 'start.page', '0x18ffe000', 'RANGE'],
  ['pi-zero-2w', 'start.page', '0x19000000', 'RANGE'],
  ['pi-zero-2w', 'start.page', undefined, 'FIELD'],
  ['pi-zero-2w', 'interrupts.registers', '0x1ffff000', 'OVERLAP'],
  ['pi-zero-2w', 'interrupts.registers', '0x20000000'],
]

for (const [board, path, value, code] of VALUES) {
  const with_ = value === undefined ? 'nothing' : JSON.stringify(value)
  test(`${board} with ${with_} as its ${path} is ${code ?? 'taken'}`, (t) => {
    const read = () => boardDescription(board, changed(board, path, value))
    if (code === undefined) t.notThrows(read)
    else t.throws(read, { instanceOf: BoardError, code: `ERR_CARILLON_BOARD_${code}` })
  })
}

test('a description that is no object is refused', (t) => {
  for (const value of [null, 7, 'x', []]) {
    t.throws(() => boardDescription('x', value), { code: 'ERR_CARILLON_BOARD_FIELD' })
  }
})

test('a board that is not there, or cannot be read, is an error that says so', (t) => {
  const folder = temporaryFolder(t)
  const put = (name: string, text: string) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'board.json'), text)
  }
  const virt = described('qemu-virt')
  const long = BOARD_LIMITS.FILE_BYTES_MAX
  put('qemu-virt', virt.padEnd(long))
  put('too-long', virt.padEnd(long + 1))
  put('no-json', '{')
  put('a'.repeat(BOARD_LIMITS.NAME_BYTES_MAX), virt.replaceAll('qemu-virt', 'a'.repeat(15)))
  put('a'.repeat(BOARD_LIMITS.NAME_BYTES_MAX + 1), virt)
  mkdirSync(join(folder, 'empty'))
  mkdirSync(join(folder, 'folder/board.json'), { recursive: true })
  t.deepEqual(boardNames(folder), ['aaaaaaaaaaaaaaa', 'no-json', 'qemu-virt', 'too-long'])
  t.deepEqual(boardNames(join(folder, 'nowhere')), [])
  t.is(readBoard('qemu-virt', folder).name, 'qemu-virt')
  t.is(readBoard('a'.repeat(15), folder).name.length, 15)
  const refused = (name: string, code: string) =>
    t.throws(() => readBoard(name, folder), { code: `ERR_CARILLON_BOARD_${code}` })
  refused('too-long', 'READ')
  refused('folder', 'READ')
  refused('no-json', 'JSON')
  for (const name of ['a'.repeat(16), '../qemu-virt', 'empty', 'nowhere', ''])
    refused(name, 'UNKNOWN')
  t.regex(
    refused('nowhere', 'UNKNOWN')?.message ?? '',
    /there are a+, no-json, qemu-virt, too-long/,
  )
})
