import type { Logger } from 'pino'
import { checkInteger } from '../arguments.ts'
import { BoardRunner } from '../cores/board-runner.ts'
import { type BoardKind, type CoreKind, isBoardKind } from '../cores/core-kind.ts'
import type { CoreRunner } from '../cores/core-runner.ts'
import { lockBoard } from '../cores/lock-board.ts'
import { makeCoreRunner, regionFilePlace } from '../cores/make-core-runner.ts'
import { openBoard } from '../cores/open-board.ts'
import type { Reactor } from '../reactor/reactor.ts'
import { SharedRegion } from '../shm/shared-region.ts'
import { dropRoot } from './drop-root.ts'
import { createRegionFile } from './region-file.ts'

export interface ServerCoresOptions {
  readonly kind: CoreKind
  readonly cores: number
  readonly firmware?: string
  /** Hosted cores look for commands all the time. */
  readonly polls: boolean
  /** What hears the bells. Default: the thread's own. */
  readonly reactor?: Reactor
  /** Who the process is once the memory of a board is mapped. */
  readonly user?: string
  readonly logger: Logger
}

/** The memory that a server shares with its cores, and what runs them. */
export interface ServerCores {
  readonly region: SharedRegion
  readonly runner: CoreRunner
  /** Lets go of what is not the region's. */
  close(): void
}

/**
 * Makes the region, in a file or in the board's memory, and what runs cores on it.
 *
 * @throws as `createRegionFile`, `openBoard`, `lockBoard`, {@link CoreRunner.load}. Nothing is left behind then.
 */
export async function openServerCores(options: ServerCoresOptions): Promise<ServerCores> {
  const { kind, cores, firmware, polls, reactor, logger } = options
  if (isBoardKind(kind)) return openBoardCores(kind, options)
  const region = createRegionFile({ cores, ...regionFilePlace(kind) }, logger)
  const how = { polls, ...(reactor !== undefined && { reactor }) }
  try {
    const runner = makeCoreRunner(kind, region, firmware, how)
    // The one that was built here was checked when it was built.
    if (firmware !== undefined) await runner.load()
    return { region, runner, close: () => {} }
  } catch (error) {
    region.remove()
    region.close()
    throw error
  }
}

async function openBoardCores(
  kind: BoardKind,
  { cores, firmware, reactor, user, logger }: ServerCoresOptions,
): Promise<ServerCores> {
  const access = openBoard(kind.slice('board:'.length))
  let region: SharedRegion | undefined
  let runner: BoardRunner | undefined
  let unlock: (() => void) | undefined
  const close = () => {
    runner?.close()
    access.close()
    unlock?.()
  }
  try {
    checkInteger('cores', cores, 1, access.board.cores.firmware.length)
    // Before anything is written there: another server's cores may run on it.
    unlock = lockBoard(access.board.name, access.region.path)
    region = SharedRegion.attachHost(access.region.path, { cores, ...access.region.place })
    const given = { ...(firmware !== undefined && { firmware }), ...(reactor && { reactor }) }
    runner = new BoardRunner({ access, region, ...given })
    // While the file can be read for certain.
    await runner.load()
    tellMemory(region.memoryType, logger)
    dropRoot(user, logger)
    return { region, runner, close }
  } catch (error) {
    region?.close()
    close()
    throw error
  }
}

/** What the way to the memory costs. */
function tellMemory(memoryType: 'cached' | 'device', logger: Logger): void {
  if (memoryType === 'cached') {
    logger.info({ memory: memoryType }, 'the memory of the cores is mapped by the driver, cached')
    return
  }
  logger.warn(
    { memory: memoryType },
    "there is no driver: the memory of the cores is mapped as a device's, and each access to it goes to memory; cores that run are used as they are, and none can be started or loaded; there is no interrupt, and the server looks for records a thousand times a second",
  )
}
