// Exchanges checked messages with the firmware's cores of this machine, from Linux beside them:
// `node exchange-messages.js BOARD FIRMWARE MESSAGES`. Says how it goes, a line of JSON each.
import type { BoardAccess } from '../../../src/cores/board-access.ts'
import { BoardRunner } from '../../../src/cores/board-runner.ts'
import type { Core } from '../../../src/cores/core.ts'
import { openBoard } from '../../../src/cores/open-board.ts'
import { SharedRegion } from '../../../src/shm/shared-region.ts'
import { EXCHANGE_RING_BYTES, exchangeMessages } from '../../support/message-exchange.ts'

/** Of all messages, those that all cores exchange at once. */
const TOGETHER = 3 / 4

const [, , board = '', firmware = '', messages = ''] = process.argv

const access = openBoard(board)
const cores = access.board.cores.firmware.length
await exchange(access, cores, Math.ceil((Number(messages) * TOGETHER) / cores))
// And one alone: they all ring by one interrupt, so that of several one's bell may make good another's.
await exchange(access, 1, Math.ceil(Number(messages) * (1 - TOGETHER)))
access.close()
tell('exchanged')

async function exchange(access: BoardAccess, cores: number, count: number): Promise<void> {
  const region = SharedRegion.attachHost(access.region.path, {
    ...{ cores, ringCapacityBytes: EXCHANGE_RING_BYTES },
    ...access.region.place,
  })
  // All cores are off when it begins, so that the image is loaded, which counts messages from 0.
  const runner = new BoardRunner({ access, region, firmware })
  try {
    const started: Core[] = []
    for (let index = 0; index < cores; index++) started.push(await runner.start(index))
    const which = cores === 1 ? 'one core' : `${cores} cores`
    await exchangeMessages(region, started, count, (text) => tell('progress', `${which}: ${text}`))
  } finally {
    await runner.end()
    runner.close()
    region.close()
  }
}

function tell(event: string, text = ''): void {
  console.log(JSON.stringify({ event, text }))
}
