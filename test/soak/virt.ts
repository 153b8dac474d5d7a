import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QemuMachine } from '../../src/cores/qemu-machine.ts'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { buildSoakFirmware } from '../support/firmware-tool.ts'
import { EXCHANGE_RING_BYTES, exchangeMessages } from '../support/message-exchange.ts'
import type { SoakRun } from '../support/soak.ts'

export const summary =
  'four bare-metal cores exchange messages with the host, both ways at once, and fall asleep at random on both sides; each message is checked, and none may be late'

/** It goes on until all messages are through. */
export const usualMessages = 10_000_000

const CORES = 4

export async function soak(run: SoakRun): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-virt-'))
  run.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const region = SharedRegion.create(join(folder, 'region'), {
    cores: CORES,
    ringCapacityBytes: EXCHANGE_RING_BYTES,
  })
  const machine = await QemuMachine.start({
    board: VIRT_BOARD,
    region,
    firmware: await buildSoakFirmware('virt'),
  })
  run.teardown(async () => {
    machine.kill()
    await machine.ended(10_000)
    region.close()
  })
  const count = Math.ceil(run.messages / CORES)
  await exchangeMessages(region, machine.cores, count, (text) => run.progress(text))
}
