import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { bellRegister } from '../../src/cores/board-bells.ts'
import { boardNames, readBoard } from '../../src/cores/read-board.ts'
import { findUioDevice, openUioAccess } from '../../src/cores/uio-access.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeUioDevice } from '../support/uio-device.ts'

const PAGE_BYTES = 4096
const VIRT = readBoard('qemu-virt')

/** Descriptors of this process, other than the one that lists them. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

test("the driver's device is found by its name among others", (t) => {
  const folder = temporaryFolder(t)
  const { surroundings } = makeUioDevice(folder, VIRT, 'uio7')
  t.is(findUioDevice(surroundings), 'uio7')
  const other = join(folder, 'sys/class/uio/uio0')
  mkdirSync(other)
  t.is(findUioDevice(surroundings), 'uio7')
  writeFileSync(join(other, 'name'), 'another\n')
  t.is(findUioDevice(surroundings), 'uio7')
  rmSync(join(folder, 'sys/class/uio/uio7'), { recursive: true })
  t.is(findUioDevice(surroundings), undefined)
  t.is(findUioDevice({ ...surroundings, sysfs: join(folder, 'nowhere') }), undefined)
})

test('the maps of the device are the memory of the board', (t) => {
  const { surroundings, memory } = makeUioDevice(temporaryFolder(t), VIRT)
  const before = openDescriptors()
  const access = openUioAccess(VIRT, 'uio0', surroundings)
  t.is(access.memoryType, 'cached')
  t.is(access.firmware.length, VIRT.memory.firmware.bytes)
  access.firmware.set([1, 2, 3])
  t.deepEqual([...readFileSync(memory).subarray(PAGE_BYTES, PAGE_BYTES + 3)], [1, 2, 3])
  const { path, place } = access.region
  const region = SharedRegion.attachHost(path, { cores: 3, ...place }, surroundings)
  t.is(region.memory.bytes.length < VIRT.memory.region.bytes, true)
  t.is(region.offset, 0)
  region.close()
  access.close()
  access.close()
  t.is(access.firmware.length, 0)
  // Nothing happens.
  access.ring(1)
  t.is(openDescriptors(), before)
})

for (const name of boardNames()) {
  test(`${name}: each core is rung by its own register`, (t) => {
    const board = readBoard(name)
    const { surroundings, memory } = makeUioDevice(temporaryFolder(t), board)
    const access = openUioAccess(board, 'uio0', surroundings)
    t.teardown(() => access.close())
    for (const core of board.cores.firmware) {
      access.ring(core)
      const { offset, value } = bellRegister(board, core)
      t.is(readFileSync(memory).readUInt32LE(2 * PAGE_BYTES + offset), value)
    }
  })
}

test('the registers are those of the controllers', (t) => {
  const pi = readBoard('pi-zero-2w')
  t.deepEqual(bellRegister(VIRT, 1), { offset: 0xf00, value: 0x0002_0008 })
  t.deepEqual(bellRegister(VIRT, 3), { offset: 0xf00, value: 0x0008_0008 })
  t.deepEqual(bellRegister(pi, 1), { offset: 0x90, value: 1 })
  t.deepEqual(bellRegister(pi, 3), { offset: 0xb0, value: 1 })
})

test('cores are started and asked about by the files of the driver', (t) => {
  const { surroundings, sysfs } = makeUioDevice(temporaryFolder(t), VIRT)
  const access = openUioAccess(VIRT, 'uio0', surroundings)
  t.teardown(() => access.close())
  const { power } = access
  power?.start(2, 0x7800_0000)
  t.is(readFileSync(join(sysfs, 'device/start_core'), 'latin1'), '2 0x78000000\n')
  t.deepEqual(
    [1, 2, 3].map((number) => power?.state(number)),
    ['off', 'on', 'parked'],
  )
  writeFileSync(join(sysfs, 'device/core_states'), '1 pending\n2 asleep\n')
  t.is(power?.state(1), 'pending')
  for (const number of [2, 3]) {
    t.throws(() => power?.state(number), { code: 'ERR_CARILLON_BOARD_ACCESS' })
  }
})

test('a driver that refuses to start a core is an error', (t) => {
  const { surroundings, sysfs } = makeUioDevice(temporaryFolder(t), VIRT)
  rmSync(join(sysfs, 'device/start_core'))
  symlinkSync('/dev/full', join(sysfs, 'device/start_core'))
  const access = openUioAccess(VIRT, 'uio0', surroundings)
  t.teardown(() => access.close())
  t.throws(() => access.power?.start(1, 0x7800_0000), {
    code: 'ERR_CARILLON_BOARD_ACCESS',
    message: 'core 1 could not be started: no space left on device',
  })
})

/** What of the driver's files is changed, and what comes of it. */
const WRONG: Record<string, [path: string, text: string | undefined, code: string]> = {
  'a region that lies elsewhere': ['maps/map0/addr', '0x70000000', 'BOARD_MEMORY'],
  'firmware with too little memory': ['maps/map1/size', '0xfff000', 'BOARD_MEMORY'],
  'registers of something else': ['maps/map2/addr', '0x09000000', 'BOARD_MEMORY'],
  'a map without its name': ['maps/map1/name', 'memory', 'BOARD_MEMORY'],
  'a map without an address': ['maps/map2/addr', undefined, 'BOARD_MEMORY'],
  'no file to start cores by': ['device/start_core', undefined, 'BOARD_ACCESS'],
  'no states of the cores': ['device/core_states', undefined, 'BOARD_ACCESS'],
  'another device of that name': ['dev', '240:1', 'REGION_KIND'],
}

for (const [what, [path, text, code]] of Object.entries(WRONG)) {
  test(`${what}: the device is refused, and nothing of it stays open`, (t) => {
    const { surroundings, sysfs } = makeUioDevice(temporaryFolder(t), VIRT)
    if (text === undefined) rmSync(join(sysfs, path))
    else writeFileSync(join(sysfs, path), text)
    const before = openDescriptors()
    t.throws(() => openUioAccess(VIRT, 'uio0', surroundings), { code: `ERR_CARILLON_${code}` })
    t.is(openDescriptors(), before)
  })
}
