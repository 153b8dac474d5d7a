import { once } from 'node:events'
import { copyFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import type { Core } from '../../src/cores/core.ts'
import { imageVersion } from '../../src/cores/firmware-symbols.ts'
import type { MachineCore } from '../../src/cores/machine-core.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { QemuRunner, type QemuRunnerOptions } from '../../src/cores/qemu-runner.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { frozenProgram } from '../support/frozen-program.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What starts cores 0 and 1 of a region, and ends their machine after the test. */
function runnerFor(
  t: ExecutionContext,
  board: QemuBoard,
  options: Partial<QemuRunnerOptions> = {},
): QemuRunner {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { ...board.place, cores: 2 })
  const runner = new QemuRunner({ board, region, ...options })
  t.teardown(async () => {
    await runner.end()
    region.remove()
  })
  return runner
}

/**
 * Starts both cores, and resolves once each has told of its start: what is asked of a core before that
 * is done by this start.
 */
async function startBoth(runner: QemuRunner): Promise<[Core, Core]> {
  const cores = await Promise.all([runner.start(0), runner.start(1)])
  for (const core of cores) {
    while (!(core as MachineCore).hasBooted) await once(core, 'bell')
  }
  return cores
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('cores that are wanted at once are those of one machine', async (t) => {
    const runner = runnerFor(t, board)
    const cores = await Promise.all([runner.start(0), runner.start(1)])
    t.is(new Set(cores).size, 2)
    t.is(new Set(cores.map(({ pid }) => pid)).size, 1)
    await t.throwsAsync(runner.start(2), { code: 'ERR_CARILLON_ARGUMENT' })
  })

  qemuTest('a core that is wanted again begins anew in the same machine', async (t) => {
    const runner = runnerFor(t, board)
    const [first, second] = await Promise.all([runner.start(0), runner.start(1)])
    const exit = once(second, 'exit')
    const others: unknown[] = []
    first.once('exit', (how) => others.push(how))
    const again = await runner.start(1)
    await exit
    t.not(again, second)
    t.is(again.pid, first.pid)
    t.deepEqual(others, [])
  })

  qemuTest('where a machine stands still, another is started, and its cores say why', async (t) => {
    const runner = runnerFor(t, board, { restartTimeoutMs: 200 })
    const [first, second] = await startBoth(runner)
    process.kill(first.pid ?? 0, 'SIGSTOP')
    const exits = [once(first, 'exit'), once(second, 'exit')]
    const again = await runner.start(1)
    t.not(again.pid, first.pid)
    const [[lost]] = [await exits[0]] as [[{ stderr: string }]]
    t.is(lost.stderr, 'core 1 did not begin anew, and so its machine had to')
    await exits[1]
    t.is((await runner.start(0)).pid, again.pid)
  })

  qemuTest('cores that are wanted again at once from a machine that stands still', async (t) => {
    const runner = runnerFor(t, board, { restartTimeoutMs: 200 })
    const [first] = await startBoth(runner)
    process.kill(first.pid ?? 0, 'SIGSTOP')
    const again = await Promise.all([runner.start(0), runner.start(1)])
    t.is(new Set(again.map(({ pid }) => pid)).size, 1)
    t.not(again[0].pid, first.pid)
  })

  qemuTest('after a machine has ended, the next start is one of another machine', async (t) => {
    const runner = runnerFor(t, board)
    const first = await runner.start(0)
    const exit = once(first, 'exit')
    process.kill(first.pid ?? 0, 'SIGKILL')
    await exit
    // Nobody had this one.
    const second = await runner.start(1)
    t.not(second.pid, first.pid)
    await runner.end()
    t.not((await runner.start(1)).pid, second.pid)
  })

  qemuTest('a machine ends with the last of its cores that anybody has had', async (t) => {
    const runner = runnerFor(t, board)
    const core = await runner.start(0)
    core.kill()
    t.true(await core.ended(10_000))
    // Nobody had the other, which runs.
    t.throws(() => process.kill(core.pid ?? 0, 0), { code: 'ESRCH' })
  })

  qemuTest('which file an image was read from is known, whatever has its name', async (t) => {
    const firmware = join(temporaryFolder(t), 'firmware.elf')
    copyFileSync(bareMetalFirmwarePath(board.kind), firmware)
    const runner = runnerFor(t, board, { firmware })
    const version = await runner.imageVersion()
    t.deepEqual(version, await imageVersion(firmware))
    copyFileSync(firmware, `${firmware}.new`)
    renameSync(`${firmware}.new`, firmware)
    t.deepEqual(await runner.imageVersion(), version)
    t.notDeepEqual(await imageVersion(firmware), version)
    await runner.load()
    t.deepEqual(await runner.imageVersion(), await imageVersion(firmware))
  })

  qemuTest('a machine that could not be started is tried again', async (t) => {
    const firmware = join(temporaryFolder(t), 'firmware.elf')
    const runner = runnerFor(t, board, { firmware })
    for (const core of [0, 1]) {
      await t.throwsAsync(runner.start(core), { code: 'ERR_CARILLON_FIRMWARE_MISSING' })
    }
    symlinkSync(bareMetalFirmwarePath(board.kind), firmware)
    t.is((await runner.start(0)).kind, board.kind)
  })

  qemuTest('a machine that stands still is given up where nobody waits for it', async (t) => {
    const qemu = await frozenProgram(t, 'qemu', 'exec qemu-system-aarch64 "$@"')
    // So long that the test would not end.
    const options = { emulator: qemu.path, startTimeoutMs: 600_000 }
    const runner = runnerFor(t, board, options)
    const [first, second] = [new AbortController(), new AbortController()]
    const starts = [runner.start(0, first.signal), runner.start(1, second.signal)] as const
    const pid = await qemu.started()
    const reason = new Error('no longer wanted')
    first.abort(reason)
    t.is(await t.throwsAsync(starts[0]), reason)
    t.true(process.kill(pid, 0), 'the other core may still come')
    second.abort(reason)
    t.is(await t.throwsAsync(starts[1]), reason)
    // One machine at a time uses the region: this one waits for the end of the other.
    t.is((await runner.start(0)).kind, board.kind)
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    await t.throwsAsync(runner.start(1, second.signal), { is: reason })
  })

  qemuTest('a runner that ends gives up the machine that it starts', async (t) => {
    const qemu = await frozenProgram(t, 'qemu')
    const runner = runnerFor(t, board, { emulator: qemu.path, startTimeoutMs: 600_000 })
    const start = runner.start(0)
    const pid = await qemu.started()
    await Promise.all([
      runner.end(),
      t.throwsAsync(start, { code: 'ERR_CARILLON_CORE_LOST', message: 'its machine was ended' }),
    ])
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  qemuTest('a core that does not begin anew is not waited for where it is given up', async (t) => {
    const runner = runnerFor(t, board, { restartTimeoutMs: 600_000 })
    const [first] = await startBoth(runner)
    const machine = first.pid ?? 0
    process.kill(machine, 'SIGSTOP')
    const given = new AbortController()
    const start = runner.start(0, given.signal)
    setImmediate(() => given.abort(new Error('no longer wanted')))
    await t.throwsAsync(start, { message: 'no longer wanted' })
    process.kill(machine, 'SIGCONT')
    t.is((await runner.start(0)).pid, machine, 'it is the same machine that goes on')
  })

  qemuTest('machines run what was loaded, whatever becomes of the file', async (t) => {
    const firmware = join(temporaryFolder(t), 'firmware.elf')
    copyFileSync(bareMetalFirmwarePath(board.kind), firmware)
    const runner = runnerFor(t, board, { firmware })
    const loaded = await runner.load()
    t.is(loaded.path, firmware)
    writeFileSync(firmware, 'no firmware')
    t.is((await runner.start(0)).kind, board.kind)
    await t.throwsAsync(runner.load(), { code: 'ERR_CARILLON_ELF' })
    await runner.end()
    t.is((await runner.start(0)).kind, board.kind, 'what could not be loaded has changed nothing')
    loaded.undo()
    await runner.end()
    await t.throwsAsync(runner.start(0), { code: 'ERR_CARILLON_ELF' })
  })
}
