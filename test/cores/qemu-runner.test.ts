import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Core } from '../../src/cores/core.ts'
import { type QemuBoard, qemuFirmwarePath } from '../../src/cores/qemu-board.ts'
import { QemuRunner } from '../../src/cores/qemu-runner.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What starts cores 0 and 1 of a region, and ends their machines after the test. */
function runnerFor(t: ExecutionContext, board: QemuBoard, firmware = qemuFirmwarePath(board.kind)) {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), {
    ...board.place,
    cores: 2,
  })
  const runner = new QemuRunner({ board, region, firmware })
  const started: Core[] = []
  t.teardown(async () => {
    for (const core of started) core.kill()
    for (const core of started) await core.ended(10_000)
    region.remove()
  })
  return async (index: number) => {
    const core = await runner.start(index)
    started.push(core)
    return core
  }
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('cores that are wanted at once are those of one machine', async (t) => {
    const start = runnerFor(t, board)
    const cores = await Promise.all([start(0), start(1)])
    t.is(new Set(cores).size, 2)
    t.is(new Set(cores.map(({ pid }) => pid)).size, 1)
    await t.throwsAsync(start(2), { code: 'ERR_CARILLON_ARGUMENT' })
  })

  qemuTest(
    'a core that is wanted again is one of another machine, and so are the others',
    async (t) => {
      const start = runnerFor(t, board)
      const [first, second] = await Promise.all([start(0), start(1)])
      const exits = [once(first, 'exit'), once(second, 'exit')]
      // While the other core is still in use: it is lost.
      const again = await start(1)
      await Promise.all(exits)
      t.not(again.pid, first.pid)
      t.is((await start(0)).pid, again.pid)
    },
  )

  qemuTest('after a machine has ended, the next start is one of another machine', async (t) => {
    const start = runnerFor(t, board)
    const first = await start(0)
    first.kill()
    await first.ended(10_000)
    // Nobody had this one.
    t.not((await start(1)).pid, first.pid)
  })

  qemuTest('a machine that could not be started is tried again', async (t) => {
    const firmware = join(temporaryFolder(t), 'firmware.elf')
    const start = runnerFor(t, board, firmware)
    for (const core of [0, 1]) {
      await t.throwsAsync(start(core), { code: 'ERR_CARILLON_FIRMWARE_MISSING' })
    }
    symlinkSync(qemuFirmwarePath(board.kind), firmware)
    t.is((await start(0)).kind, board.kind)
  })
}
