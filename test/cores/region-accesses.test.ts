import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { HostedCore } from '../../src/cores/hosted-core.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { regionBytes } from '../../src/shm/region-format.ts'
import { COMMAND, CORE_STATE, RingControl } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { checkAccesses } from '../support/check-accesses.ts'
import { effectIndex, openStream, passBlock } from '../support/core-streams.ts'
import { echoAll, noiseBytes } from '../support/echo-blocks.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { LinkedMachine } from '../support/linked-machine.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { needsPlugins } from '../support/needs-plugins.ts'
import { needsTool } from '../support/needs-tool.ts'
import { offences, RegionAccesses } from '../support/region-accesses.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = new Uint8Array(0)
const RING_CAPACITY_BYTES = 65_536

const BLOCKS = 20

/** For an emulator that looks at each access: seconds on an idle machine. */
const CHECKED_MS = 3 * 60_000

/** Instructions with 64 bytes of the region at x1, and what is found of each. */
const KNOWN: readonly (readonly [number, ...(readonly [string, number][])])[] = [
  [0x91002024], // add x4, x1, #8
  [0x91001025], // add x5, x1, #4
  [0xb8401022, ['unaligned', 4]], // ldur w2, [x1, #1]
  [0xf8404022, ['unaligned in a record', 8]], // ldur x2, [x1, #4]
  [0x78403022, ['unaligned in a record', 2]], // ldurh w2, [x1, #3]
  [0x3dc00080, ['unaligned in a record', 16]], // ldr q0, [x4]
  [0xad000480, ['unaligned in a record', 16]], // stp q0, q1, [x4]
  [0x885f7c22, ['read-modify-write', 4]], // ldxr w2, [x1]
  [0x88037c22, ['read-modify-write', 4]], // stxr w3, w2, [x1]
  [0xd50b7421, ['zeroing', 64]], // dc zva, x1
  [0x39400c22], // ldrb w2, [x1, #3]
  [0x29408c22], // ldp w2, w3, [x1, #4]
  [0xa9408c22], // ldp x2, x3, [x1, #8]
  [0x3dc00020], // ldr q0, [x1]
  [0x4c4078a0], // ld1 {v0.4s}, [x5]
  [0x4d408480], // ld1 {v0.d}[1], [x4]
  [0x88dffc22], // ldar w2, [x1]
  [0x889ffc22], // stlr w2, [x1]
  [0xd65f03c0], // ret
]

/** movz x1, #…, lsl #16; movk x1, #… */
const ADDRESS_IN_X1 = (address: number) => [
  (0xd2a00001 | ((address >>> 16) << 5)) >>> 0,
  (0xf2800001 | ((address & 0xffff) << 5)) >>> 0,
]

function pluginTest(board: QemuBoard) {
  const skip = (title: string, implementation: (t: ExecutionContext) => void | Promise<void>) =>
    test.skip(`${board.kind}: ${title}`, implementation)
  return needsPlugins(boardTest(board), { skip }, 'qemu-system-aarch64')
}

pluginTest(VIRT_BOARD)('each kind of access that a device does not take is found', async (t) => {
  t.timeout(CHECKED_MS)
  const folder = temporaryFolder(t)
  const { regionAddress: start } = VIRT_BOARD
  const bytes = regionBytes(1, RING_CAPACITY_BYTES)
  // Behind the last ring, or where it was not used yet.
  const scratch = bytes - 64
  const records = [{ start: scratch + 2, end: bytes }]
  const firmware = join(folder, 'known.elf')
  const prologue = ADDRESS_IN_X1(start + scratch)
  const codes = [...prologue, ...KNOWN.map(([code]) => code)]
  await writeFaultyFirmware(firmware, VIRT_BOARD, codes)
  const image = await readElfFile(firmware)
  const at = { start, bytes, isVirtual: true }
  const accesses = await RegionAccesses.prepare(folder, at, { records })
  const emulator = accesses.emulator('qemu-system-aarch64')
  const { cores } = await LinkedMachine.start(t, VIRT_BOARD, 1, { firmware, emulator })
  const [core] = cores
  if (core === undefined) throw new Error('no core')
  t.is(core.region.memory.bytes.length, bytes)
  t.true(await openStream(core))
  core.link.send(COMMAND.LIST, 0, 0, NOTHING)
  t.true(await echoAll(core, 1), 'it has done that')
  const found = accesses.read()
  t.is(found.length, 1)
  const [{ sites = [] } = {}] = found
  const listed = image.symbols().find(({ name }) => name === 'stream_add_list')?.value ?? 0n
  t.deepEqual(
    sites.map(({ instruction, code, kind, bytes }) => [instruction, code, [kind, bytes]]),
    KNOWN.flatMap(([code, ...kinds], index) =>
      kinds.map((kind) => [listed + BigInt(4 * (prologue.length + index)), code, kind]),
    ),
  )
  for (const { offset } of sites.filter(({ kind }) => kind !== 'zeroing')) {
    t.true(offset >= scratch && offset < bytes, `${offset}`)
  }
  t.is(offences(found, 'memory').length, 3, 'records may be copied in any way, and memory zeroed')
  t.regex(
    offences(found, 'device', image)[0] ?? '',
    /^core 0: 1 × unaligned, 4 bytes, first at 0x[0-9a-f]+ of the region, by 0xb8401022 at 0x[0-9a-f]+, stream_add_list\+0x10/,
  )
})

for (const board of BOARDS) {
  pluginTest(board)(
    'cores touch the region as a device takes it, though to them it is memory',
    async (t) => {
      t.timeout(CHECKED_MS)
      const firmware = join(temporaryFolder(t), 'faulty.elf')
      await writeFaultyFirmware(firmware, board)
      const { cores } = await LinkedMachine.start(t, board, 2, { firmware, isChecked: true })
      t.deepEqual(await Promise.all(cores.map(useStream)), [BLOCKS, BLOCKS])
      // The fault record, too.
      const [first] = cores
      first?.link.send(COMMAND.LIST, 0, 0, NOTHING)
      await first?.untilCore(() => first.link.status.state === CORE_STATE.FAULTED)
    },
  )
}

const hostedTest = needsPlugins(
  needsTool(test.serial, 'qemu-x86_64', 'apt-get install qemu-user'),
  test,
  'qemu-x86_64',
)

hostedTest('a hosted core touches what both sides use by aligned words', async (t) => {
  t.timeout(CHECKED_MS)
  const path = join(temporaryFolder(t), 'region')
  const ringCapacityBytes = RING_CAPACITY_BYTES
  const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes })
  const accesses = await checkAccesses(t, {
    at: { file: path },
    rule: 'memory',
    records: region.shared.rings
      .filter(({ capacity }) => capacity > 0)
      .map(({ offset, capacity }) => {
        const start = offset + RingControl.bytes
        return { start, end: start + capacity }
      }),
  })
  const firmware = accesses.emulator('qemu-x86_64', [HOSTED_FIRMWARE])
  const core = await LinkedCore.over(t, region, 0, () =>
    HostedCore.start({ region, core: 0, firmware }),
  )
  t.is(await useStream(core), BLOCKS)
})

/** All commands that carry something, with blocks of every length. Returns how many blocks came back. */
async function useStream(core: LinkedCore): Promise<number> {
  const index = await effectIndex(core, 'lowpass')
  await openStream(core, [{ index, values: [1000.1, 0.9] }])
  let back = 0
  for (let sequence = 0; sequence < BLOCKS; sequence++) {
    const block = noiseBytes(sequence, sequence % 2 === 0 ? 4 * sequence + 4 : 4096)
    if ((await passBlock(core, sequence, block))?.length === block.length) back++
  }
  return back
}
