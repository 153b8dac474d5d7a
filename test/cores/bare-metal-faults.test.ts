import test from 'ava'
import { readFaultReport } from '../../src/cores/fault-record.ts'
import { imageVersion } from '../../src/cores/firmware-symbols.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { locateFault } from '../../src/server/core-fault.ts'
import { COMMAND, CORE_STATE, FAULT_KIND } from '../../src/shm/shared-mem.ts'
import { effectIndex, openStream, passBlock } from '../support/core-streams.ts'
import { buildFaultsFirmware } from '../support/firmware-tool.ts'
import type { LinkedCore } from '../support/linked-core.ts'
import { LinkedMachine } from '../support/linked-machine.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import {
  KIND_OF,
  linesOf,
  PROVOKE,
  PROVOKED_IN,
  type Provoked,
} from '../support/provoked-faults.ts'

const NOTHING = new Uint8Array(0)
const BLOCK_BYTES = 1024

/** Ample for a core that begins anew on a busy machine. */
const RESTART_TIMEOUT_MS = 20_000

/** Where a board's firmware finds what it has provoked. */
function foundIn(provoked: Provoked, { kind }: QemuBoard): string {
  return provoked === 'interrupt'
    ? `port/${kind === 'virt' ? 'gic' : 'bcm2836'}/interrupt.c`
    : PROVOKED_IN
}

/** Faults that firmware writes a whole report of, and which core has them: 0 hears the bells of all. */
const PROVOKED: readonly [Provoked, victim: number][] = [
  ['undefined', 0],
  ['read', 1],
  ['write', 2],
  ['jump', 3],
  ['stack', 0],
  ['assert', 1],
  ['serror', 2],
  ['interrupt', 0],
]

/** Passes blocks through a stream until `isOver`. Returns how many came, and of those how many right. */
async function streamUntil(linked: LinkedCore, isOver: () => boolean): Promise<[number, number]> {
  let right = 0
  let sequence = 0
  for (; !isOver() || sequence < 100; sequence++) {
    const block = new Uint8Array(BLOCK_BYTES).fill(sequence + linked.link.core)
    const back = await passBlock(linked, sequence, block)
    if (back !== undefined && Buffer.compare(back, block) === 0) right++
  }
  return [sequence, right]
}

/** Makes the core fault. */
async function provoke(linked: LinkedCore, provoked: Provoked): Promise<void> {
  const index = await effectIndex(linked, 'fault')
  if (!(await openStream(linked, [{ index, values: [PROVOKE[provoked]] }]))) {
    throw new Error('the stream was not started')
  }
  linked.link.send(COMMAND.SAMPLES, 0, 0, new Uint8Array(BLOCK_BYTES))
}

function coreAt(machine: LinkedMachine, index: number): LinkedCore {
  const core = machine.cores[index]
  if (core === undefined) throw new Error(`the machine has no core ${index}`)
  return core
}

for (const board of BOARDS) {
  for (const [provoked, at] of PROVOKED) {
    boardTest(board)(
      `${KIND_OF[provoked]} (${provoked}): the report has its line, the others lose nothing`,
      async (t) => {
        const firmware = await buildFaultsFirmware(board.kind, 'cores')
        const machine = await LinkedMachine.start(t, board, 4, { firmware })
        const victim = coreAt(machine, at)
        const others = machine.cores.filter((core) => core !== victim)
        for (const other of others) t.true(await openStream(other))
        let isOver = false
        const streams = others.map((other) => streamUntil(other, () => isOver))
        await provoke(victim, provoked)
        await victim.untilCore(() => victim.link.status.state === CORE_STATE.FAULTED)
        const { heartbeat } = victim.link.status
        const report = readFaultReport(machine.region, at)
        const fault = await locateFault(at, report, await imageVersion(firmware))
        isOver = true
        for (const [sent, right] of await Promise.all(streams)) t.is(right, sent)
        t.deepEqual(
          others.flatMap(({ unlinks }) => unlinks),
          [],
        )
        t.is(victim.link.status.heartbeat, heartbeat, 'it has parked')

        t.is(report?.kind, KIND_OF[provoked])
        t.is(report?.boot, 1)
        const file = foundIn(provoked, board)
        t.is(fault.source?.file, file, fault.message)
        t.true(linesOf(provoked, file).includes(fault.source?.line ?? 0), fault.message)
        t.regex(fault.message, new RegExp(`^core ${at} faulted: .*${file}:\\d+\\)`))
        t.is(report?.lines.at(-1)?.message, `provoking ${PROVOKE[provoked]}`)
        t.is(Object.keys(report?.registers ?? {}).length, 31)
        if (provoked === 'read' || provoked === 'write') t.is(report?.touched, 0x10n)
        if (provoked === 'assert') t.is(report?.assertion?.message, 'sink == UINT32_MAX')

        const again = await machine.machine.restart(at, RESTART_TIMEOUT_MS)
        t.truthy(again, 'it hears that it is to begin anew')
        await victim.spawn()
        await victim.untilCore(() => victim.link.isLinked)
        for (const { link } of machine.cores) link.send(COMMAND.STOP, 0, 0, NOTHING)
        t.true(await machine.machine.ended(10_000), 'the last that runs ends the machine')
      },
    )
  }

  boardTest(board)('a fault while a fault is reported parks the core all the same', async (t) => {
    const firmware = await buildFaultsFirmware(board.kind, 'cores')
    const machine = await LinkedMachine.start(t, board, 2, { firmware })
    const victim = coreAt(machine, 0)
    const other = coreAt(machine, 1)
    t.true(await openStream(other))
    await provoke(victim, 'again')
    await victim.untilCore(() => victim.link.status.state === CORE_STATE.FAULTED)
    t.is(readFaultReport(machine.region, 0), undefined)
    t.is(machine.region.shared.faults[0]?.kind, FAULT_KIND.ASSERT, 'it had come as far as that')
    // Its bells were core 0's to hear.
    t.deepEqual(await streamUntil(other, () => true), [100, 100])
  })
}

test('each provoked fault has a line to be found by', (t) => {
  for (const board of BOARDS) {
    for (const [provoked] of PROVOKED) {
      t.true(linesOf(provoked, foundIn(provoked, board)).length > 0, `${board.kind}: ${provoked}`)
    }
  }
})
