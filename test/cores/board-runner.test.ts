import { existsSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { boardFirmwarePath } from '../../src/cores/board-image.ts'
import { BoardRunner } from '../../src/cores/board-runner.ts'
import { COMMAND, CORE_STATE } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { openStream } from '../support/core-streams.ts'
import { echoBlocks, echoTimes } from '../support/echo-blocks.ts'
import { buildFaultsFirmware, buildSleepyImage, buildStandIn } from '../support/firmware-tool.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { needsTool } from '../support/needs-tool.ts'
import { StandInBoard } from '../support/stand-in-board.ts'

const NOTHING = new Uint8Array(0)
const BOARD = 'qemu-virt'

const boardTest = existsSync(boardFirmwarePath(BOARD))
  ? needsTool(test.serial, 'qemu-system-aarch64', 'apt-get install qemu-system-arm')
  : needsTool(
      test.serial,
      boardFirmwarePath(BOARD),
      'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup',
    )

interface Host {
  readonly region: SharedRegion
  readonly runner: BoardRunner
  readonly cores: readonly LinkedCore[]
  /** As a server that is killed: nothing is told to the cores. */
  vanish(): void
}

/** What a server is to a board, from its start. */
async function startHost(
  t: ExecutionContext,
  standIn: StandInBoard,
  cores: number,
  firmware?: string,
  order = [0, 1, 2],
): Promise<Host> {
  const access = standIn.access()
  const region = SharedRegion.attachHost(access.region.path, { cores, ...access.region.place })
  const runner = new BoardRunner({ access, region, ...(firmware !== undefined && { firmware }) })
  const linked: LinkedCore[] = []
  for (const index of order.filter((one) => one < cores)) {
    linked[index] = await LinkedCore.over(t, region, index, () => runner.start(index))
  }
  const vanish = () => {
    runner.close()
    access.close()
  }
  t.teardown(vanish)
  return { region, runner, cores: linked, vanish }
}

async function standInOf(t: ExecutionContext): Promise<StandInBoard> {
  return StandInBoard.start(t, await buildStandIn(BOARD, 'runner'))
}

boardTest('three cores run beside another one, whichever comes first', async (t) => {
  const standIn = await standInOf(t)
  const { cores, runner } = await startHost(t, standIn, 3, await buildSleepyImage(BOARD), [2, 0, 1])
  t.is(runner.kind, 'board:qemu-virt')
  const right = await Promise.all(cores.map((core) => echoBlocks(core, 200)))
  t.deepEqual(right, [200, 200, 200])
  for (const { link } of cores) t.is(link.status.state, CORE_STATE.RUNNING)
})
