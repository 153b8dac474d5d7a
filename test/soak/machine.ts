import { equal } from 'node:assert/strict'
import { readBoard } from '../../src/cores/read-board.ts'
import { linuxKeepsToItsOwn, linuxMapsNoMore, memoriesStayApart } from '../machine/bounds.ts'
import { coreFaults } from '../machine/faults.ts'
import { lifeCycles } from '../machine/life-cycle.ts'
import { machineMessages } from '../machine/messages.ts'
import { killServer, rebootLinux } from '../machine/recoveries.ts'
import { buildTestImage, LinuxMachine, machineBoard } from '../support/linux-machine.ts'
import type { SoakRun } from '../support/soak.ts'

export const summary =
  "Linux and the firmware on one machine: cores are started, stopped and reloaded under clients, fault beside others, and outlive their server; Linux is rebooted; checked messages go between Node in that Linux and the cores; neither takes the other's memory"

/** It goes on until all messages are through. */
export const isCounted = true

/** So many messages, at most: an emulated processor is slow. */
const MESSAGES_MAX = 1_000_000

const DEFAULT_BOARD = 'qemu-virt'

/** Each of start, stop, restart and reload. */
const ROUNDS = 100
const FAULTS = 42
const KILLS = 20
const REBOOTS = 3

export async function soak(run: SoakRun): Promise<void> {
  const target = machineBoard(run.board ?? DEFAULT_BOARD)
  const board = target.name
  const cores = readBoard(board).cores.firmware.length
  run.progress(`building the image of ${board}`)
  const firmware = await buildTestImage(target)
  const machine = await LinuxMachine.start(firmware.image, target, { port: 0, consolePort: 0 })
  run.teardown(() => machine.kill())
  const report = (text: string) => run.progress(text)

  await linuxKeepsToItsOwn(machine, board)
  await linuxMapsNoMore(machine, board)
  await memoriesStayApart(machine, cores)
  await lifeCycles(machine, { board, cores, firmware, rounds: ROUNDS, report })
  await coreFaults(machine, { board, cores, firmware, faults: FAULTS, report })
  for (let kill = 1; kill <= KILLS; kill++) {
    await killServer(machine, cores)
    report(`the server was killed ${kill} times`)
  }
  for (let reboot = 1; reboot <= REBOOTS; reboot++) {
    await rebootLinux(machine, cores)
    report(`Linux was rebooted ${reboot} times`)
  }
  const messages = Math.min(run.messages, MESSAGES_MAX)
  await machineMessages(machine, { board, firmware, messages, report })
  equal(await machine.powerOff(), true, 'it goes off in time')
}
