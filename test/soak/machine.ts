import { equal } from 'node:assert/strict'
import { readBoard } from '../../src/cores/read-board.ts'
import { linuxKeepsToItsOwn, linuxMapsNoMore, memoriesStayApart } from '../machine/bounds.ts'
import { coreFaults } from '../machine/faults.ts'
import { lifeCycles } from '../machine/life-cycle.ts'
import { machineMessages } from '../machine/messages.ts'
import { killServer, passStreams, rebootLinux } from '../machine/recoveries.ts'
import { ServerControl } from '../machine/server-control.ts'
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
  const messages = Math.min(run.messages, MESSAGES_MAX)
  run.progress(`building the image of ${board}`)
  const firmware = await buildTestImage(target)
  const machine = await LinuxMachine.start(firmware.image, target, { port: 0, consolePort: 0 })
  run.teardown(() => machine.kill())

  /** What each part said last. */
  const results: string[] = []
  const part = async (does: (report: (text: string) => void) => Promise<void>) => {
    let last = ''
    await does((text) => {
      last = text
      run.progress(text)
    })
    results.push(last)
  }
  await part(async (report) => {
    await linuxKeepsToItsOwn(machine, board)
    await linuxMapsNoMore(machine, board)
    const mebibytes = await memoriesStayApart(machine, cores)
    report(`Linux filled ${mebibytes} MiB, and neither touched the other's memory`)
  })
  for (const [what, times, does] of [
    ['the server was killed', KILLS, killServer],
    ['Linux was rebooted', REBOOTS, rebootLinux],
  ] as const) {
    await part(async (report) => {
      for (let time = 1; time <= times; time++) {
        await does(machine, cores)
        report(`${what} ${time} times`)
      }
    })
  }
  await machine.hold()
  const control = await ServerControl.start(machine, board, firmware.faultyFirmware)
  await part((report) =>
    lifeCycles(machine, control, { board, cores, firmware, rounds: ROUNDS, report }),
  )
  await part((report) =>
    coreFaults(machine, control, { board, cores, firmware, faults: FAULTS, report }),
  )
  await control.end()
  await part((report) => machineMessages(machine, { board, firmware, messages, report }))
  await machine.serve()
  await passStreams(machine, cores)
  equal(await machine.powerOff(), true, 'it goes off in time')
  run.progress(results.join('\n'))
}
