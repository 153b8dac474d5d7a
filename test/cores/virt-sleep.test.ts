import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { QemuMachine } from '../../src/cores/qemu-machine.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { openStream, passBlock } from '../support/core-streams.ts'
import { buildSlowWindowFirmware } from '../support/firmware-tool.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Where a core sleeps, in every port for AArch64, and how it masks its interrupts there. */
const SLEEPS = 'wait_for_bell'
const MASK_INTERRUPTS = 0xd50342df // msr daifset, #2
const DO_NOTHING = 0xd503201f // nop

const BLOCK = new Uint8Array(64).fill(7)
const TRIPS = 100

/** Without an answer for so long one is lost. No core wakes by itself before. */
const LOST_MS = 20_000
/** The same where one is expected to be lost. */
const SOON_LOST_MS = 3000

/** Writes a copy of the image in which a core looks and sleeps with its interrupts let through. */
async function writeUnmasked(path: string, firmware: string): Promise<void> {
  const elf = await readElfFile(firmware)
  const symbol = elf.symbols().find(({ name }) => name === SLEEPS)
  const text = elf.sections.find(({ name }) => name === '.text')
  if (symbol === undefined || text === undefined) throw new Error(`there is no ${SLEEPS}`)
  const bytes = readFileSync(firmware)
  const start = text.offset + Number(symbol.value - text.address)
  for (let at = start; at < start + Number(symbol.bytes); at += 4) {
    if (bytes.readUInt32LE(at) !== MASK_INTERRUPTS) continue
    bytes.writeUInt32LE(DO_NOTHING, at)
    writeFileSync(path, bytes)
    return
  }
  throw new Error(`${SLEEPS} does not mask interrupts`)
}

/**
 * One of two cores, with an open stream. It is rung until it is linked, whatever bells it loses.
 *
 * @returns it, and the bells that it may not have heard yet.
 */
async function startCore(t: ExecutionContext, firmware: string, index: number) {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), {
    cores: 2,
    ringCapacityBytes: 65536,
  })
  const machine = await QemuMachine.start({ board: VIRT_BOARD, region, firmware })
  t.teardown(async () => {
    machine.kill()
    await machine.ended(10_000)
  })
  const core = machine.cores[index]
  if (core === undefined) throw new Error(`the machine has no core ${index}`)
  let bells = 0
  const ringing = setInterval(() => {
    core.ring()
    bells++
  }, 20)
  try {
    const linked = await LinkedCore.over(t, region, index, async () => core)
    t.true(await openStream(linked))
    return { linked, bells }
  } finally {
    clearInterval(ringing)
  }
}

/**
 * Passes blocks through the core, each sent while the core goes to sleep.
 *
 * @returns how many came back before one did not; `trips` where all did.
 */
async function tripsUntilLost(linked: LinkedCore, trips: number, lostMs: number): Promise<number> {
  for (let trip = 0; trip < trips; trip++) {
    const passed = passBlock(linked, trip, BLOCK)
    if (await isLost(passed, lostMs)) {
      if (linked.link.toCore.unread === 0) throw new Error('the answer was lost, not the bell')
      linked.core?.ring()
      if ((await passed) === undefined) throw new Error('a bell more does not help')
      return trip
    }
  }
  return trips
}

async function isLost(passed: Promise<unknown>, lostMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<true>((resolve) => {
    timer = setTimeout(resolve, lostMs, true)
  })
  const lost = await Promise.race([passed.then(() => false), late])
  clearTimeout(timer)
  return lost
}

// Core 0 hears the UART, and the others hear of it from core 0.
for (const index of [0, 1]) {
  boardTest(VIRT_BOARD)(
    `no bell is lost between the last look and the sleep of core ${index}`,
    async (t) => {
      t.timeout(300_000)
      const { linked } = await startCore(t, await buildSlowWindowFirmware(), index)
      t.is(await tripsUntilLost(linked, TRIPS, LOST_MS), TRIPS)
    },
  )

  boardTest(VIRT_BOARD)(
    `without the masked interrupts a bell is soon lost by core ${index}`,
    async (t) => {
      t.timeout(300_000)
      const firmware = join(temporaryFolder(t), 'unmasked.elf')
      await writeUnmasked(firmware, await buildSlowWindowFirmware())
      const { linked, bells } = await startCore(t, firmware, index)
      // Each that has been on its way since the start may stand in for one that is lost.
      const trips = TRIPS + bells
      t.true((await tripsUntilLost(linked, trips, SOON_LOST_MS)) < trips)
    },
  )
}
