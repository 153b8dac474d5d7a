import { once } from 'node:events'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { MachineCore } from '../../src/cores/machine-core.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { virtBoard } from '../../src/cores/virt-board.ts'
import { COMMAND, CORE_STATE } from '../../src/shm/shared-mem.ts'
import { openStream } from '../support/core-streams.ts'
import { echoAll } from '../support/echo-blocks.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import type { LinkedCore } from '../support/linked-core.ts'
import { LinkedMachine } from '../support/linked-machine.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = new Uint8Array(0)
const MIB = 1024 * 1024

/** How long a core may take to begin anew; longer only where the machine that tests is busy. */
const PATIENCE_MS = 10_000

/** What a core is to take at most, in milliseconds. The best of several is looked at: others run too. */
const RESTART_MS_MAX = 200

const UDF = [0]
const HANG = [0x14000000] // b .
/** Writes over the start of its payload (str wzr, [x2]) once its interrupts are masked (msr daifset, #2). */
const HANG_MASKED = [0xd50342df, 0xb900005f, ...HANG]
const UNTIL_HANGING = Buffer.from('hang, with interrupts masked')

/** Boards with the region in another place. */
const ELSEWHERE: Readonly<Record<QemuBoard['kind'], readonly QemuBoard[]>> = {
  virt: [virtBoard(72 * MIB), virtBoard(130 * MIB)],
  raspi3: [72 * MIB, 130 * MIB].map((offset) => ({
    ...QEMU_BOARDS.raspi3,
    place: { ...QEMU_BOARDS.raspi3.place, offset },
    regionAddress: offset,
  })),
}

async function faultyMachine(
  t: ExecutionContext,
  board: QemuBoard,
  cores: number,
  instructions: readonly number[],
) {
  const firmware = join(temporaryFolder(t), 'faulty.elf')
  await writeFaultyFirmware(firmware, board, instructions)
  return LinkedMachine.start(t, board, cores, { firmware })
}

/** Makes a core begin anew, and waits until it is linked. Returns how long the core took. */
async function restart(t: ExecutionContext, { machine }: LinkedMachine, linked: LinkedCore) {
  const { core: index, status } = linked.link
  const { boot } = status
  const startMs = performance.now()
  const core = await machine.restart(index, PATIENCE_MS)
  const tookMs = performance.now() - startMs
  t.not(core, undefined)
  t.is(status.boot, boot + 1)
  await linked.spawn()
  await linked.until(() => linked.link.isLinked)
  return tookMs
}

/** How often the cores' links were lost. */
function unlinks(cores: readonly LinkedCore[]): number {
  return cores.reduce((sum, core) => sum + core.unlinks.length, 0)
}

/** Opens a stream, and passes blocks through it. */
async function echoFirst(linked: LinkedCore, count: number): Promise<boolean> {
  return (await openStream(linked)) && (await echoAll(linked, count))
}

function stop(linked: LinkedCore): Promise<void> {
  linked.link.send(COMMAND.STOP, 0, 0, NOTHING)
  return linked.untilCore(() => linked.link.status.state === CORE_STATE.STOPPED)
}

/** Passes blocks through all of `cores` again and again until `done`. Whether all came back. */
async function streamUntil(done: Promise<unknown>, cores: readonly LinkedCore[]): Promise<boolean> {
  let isDone = false
  void done.finally(() => {
    isDone = true
  })
  let areRight = true
  do {
    const right = await Promise.all(cores.map((core) => echoAll(core, 20)))
    areRight &&= right.every((isRight) => isRight)
  } while (!isDone)
  return areRight
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('a core that was stopped begins anew in time, and the others stream on', async (t) => {
    const linked = await LinkedMachine.start(t, board, 4)
    const took: number[] = []
    // Core 0 among them, which hears the bells of all.
    for (const index of [2, 0, 3, 1, 0]) {
      const core = linked.cores[index]
      if (core === undefined) throw new Error(`there is no core ${index}`)
      const others = linked.cores.filter((other) => other !== core)
      for (const other of others) t.true(await openStream(other))
      // Of their own restarts.
      const before = unlinks(others)
      const restarted = (async () => {
        await stop(core)
        took.push(await restart(t, linked, core))
        t.true(await echoFirst(core, 50))
      })()
      t.true(await streamUntil(restarted, others))
      await restarted
      t.is(unlinks(others), before)
      for (const each of linked.cores) {
        each.link.send(COMMAND.CLOSE, 0, 0, NOTHING)
        await each.take(1)
      }
    }
    t.true(Math.min(...took) <= RESTART_MS_MAX, `${took} ms`)
  })

  qemuTest('a core that faults can begin anew, again and again', async (t) => {
    const linked = await faultyMachine(t, board, 3, UDF)
    const [core, ...others] = linked.cores
    if (core === undefined) throw new Error('there is no core')
    for (const other of others) t.true(await openStream(other))
    const took: number[] = []
    const restarted = (async () => {
      for (let boot = 1; boot < 5; boot++) {
        const { status } = core.link
        t.is(status.boot, boot)
        core.link.send(COMMAND.LIST, 0, 0, NOTHING)
        took.push(await restart(t, linked, core))
        t.true(await echoFirst(core, 20))
      }
    })()
    t.true(await streamUntil(restarted, others))
    await restarted
    t.true(Math.min(...took) <= RESTART_MS_MAX, `${took} ms`)
    t.deepEqual(
      others.flatMap(({ unlinks }) => unlinks),
      [],
    )
  })

  qemuTest('a core in an endless loop is taken down, or begins anew', async (t) => {
    const linked = await faultyMachine(t, board, 2, HANG)
    const [core, other] = linked.cores
    if (core === undefined || other === undefined) throw new Error('there are no cores')
    t.true(await openStream(other))
    for (const isParked of [false, true]) {
      core.link.send(COMMAND.LIST, 0, 0, NOTHING)
      const { machine } = linked
      if (isParked) {
        machine.cores[0]?.kill()
        await core.untilCore(() => core.link.status.state === CORE_STATE.STOPPED)
      }
      await restart(t, linked, core)
      t.true(await echoFirst(core, 20))
    }
    t.true(await echoAll(other, 20))
    t.deepEqual(other.unlinks, [])
  })

  qemuTest('a core that hangs with its interrupts masked does not begin anew', async (t) => {
    const linked = await faultyMachine(t, board, 2, HANG_MASKED)
    // Not core 0, which hears the bells of all.
    const [other, core] = linked.cores
    if (core === undefined || other === undefined) throw new Error('there are no cores')
    core.link.send(COMMAND.LIST, 0, 0, UNTIL_HANGING)
    const { bytes } = linked.region.memory
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(UNTIL_HANGING)
    t.not(at, -1)
    t.true(await echoFirst(other, 20))
    await core.untilCore(() => bytes[at] === 0)
    t.is(await linked.machine.restart(1, 300), undefined)
    t.is(core.link.status.boot, 1)
    t.true(await echoAll(other, 20))
  })

  qemuTest('cores begin anew when all of them are parked, in any order', async (t) => {
    const linked = await LinkedMachine.start(t, board, 3)
    for (const core of linked.machine.cores) core.kill()
    for (const core of linked.cores) {
      await core.untilCore(() => core.link.status.state === CORE_STATE.STOPPED)
    }
    for (const index of [1, 2, 0]) {
      const core = linked.cores[index]
      if (core === undefined) throw new Error(`there is no core ${index}`)
      await restart(t, linked, core)
      t.true(await echoFirst(core, 20))
    }
  })

  qemuTest('a core tells of its end once, and the last one ends the machine', async (t) => {
    const { machine, cores } = await LinkedMachine.start(t, board, 3)
    const exits: string[] = []
    machine.cores.forEach((core: MachineCore, index) => {
      core.on('exit', ({ code, signal }) => exits.push(`${index} ${signal ?? code}`))
    })
    const [first, second, third] = machine.cores
    cores[0]?.link.send(COMMAND.STOP, 0, 0, NOTHING)
    t.true(await first?.ended(PATIENCE_MS))
    second?.kill()
    second?.kill()
    t.true(machine.isInUse)
    // It has not been told to stop.
    const exited = third && once(third, 'exit')
    t.false(await third?.ended(1))
    await exited
    t.false(machine.isInUse)
    await machine.exited
    t.deepEqual(exits, ['0 0', '1 SIGKILL', '2 SIGKILL'])
    t.is(await machine.restart(0, PATIENCE_MS), undefined, 'it has ended')
  })

  qemuTest('one image runs wherever the region lies', async (t) => {
    for (const elsewhere of ELSEWHERE[board.kind]) {
      t.not(elsewhere.regionAddress, board.regionAddress)
      const { cores } = await LinkedMachine.start(t, elsewhere, 2)
      t.deepEqual(await Promise.all(cores.map((core) => echoFirst(core, 20))), [true, true])
    }
  })
}

boardTest(QEMU_BOARDS.virt)('an image that does not fit below the region is refused', async (t) => {
  await t.throwsAsync(LinkedMachine.start(t, virtBoard(70 * MIB), 2), {
    code: 'ERR_CARILLON_FIRMWARE_MEMORY',
  })
})

test('the memory for an image is whole steps of 2 MiB, and leaves one for the region', (t) => {
  for (const mib of [4, 1022]) t.is(virtBoard(mib * MIB).regionAddress, 0x40000000 + mib * MIB)
  for (const mib of [0, 2, 71, 1024, 1026, Number.NaN]) {
    t.throws(() => virtBoard(mib * MIB), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})
