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
import { type StageWork, stage } from '../support/stage.ts'

export const summary =
  "Linux and the firmware on one machine: cores are started, stopped and reloaded under clients, fault beside others, and outlive their server; Linux is rebooted; checked messages go between Node in that Linux and the cores; neither takes the other's memory"

/** It goes on until all messages are through; of an emulated processor these are many. */
export const usualMessages = 1_000_000

const DEFAULT_BOARD = 'qemu-virt'

/** Each of start, stop, restart and reload. */
const ROUNDS = 100
const FAULTS = 42
const KILLS = 20
const REBOOTS = 3

/** How long a stage may take, or a part of which it has many, in milliseconds: ample beside ten busy processes. */
const LIMIT_MS = {
  build: 30 * 60_000,
  /** Whatever starts a server, or a Linux with one. */
  start: 5 * 60_000,
  bounds: 5 * 60_000,
  memory: 20 * 60_000,
  kill: 90_000,
  round: 45_000,
  fault: 30_000,
  messages: 5 * 60_000,
  message: 6,
  off: 60_000,
} as const

export async function soak(run: SoakRun): Promise<void> {
  const target = machineBoard(run.board ?? DEFAULT_BOARD)
  const board = target.name
  const cores = readBoard(board).cores.firmware.length
  const { messages } = run
  const next = <Result>(name: string, limitMs: number, does: StageWork<Result>) =>
    stage(run, name, limitMs, does)
  const firmware = await next(`the image of ${board}`, LIMIT_MS.build, async (report) => {
    const built = await buildTestImage(target, report)
    report('it is there')
    return built
  })
  const machine = await next('the machine boots', LIMIT_MS.start, async (report, signal) => {
    const options = { port: 0, consolePort: 0, signal }
    const started = await LinuxMachine.start(firmware.image, target, options)
    run.teardown(() => started.kill())
    report('its server listens')
    return started
  })
  await next('what Linux sees and maps', LIMIT_MS.bounds, async (report) => {
    await linuxKeepsToItsOwn(machine, board)
    report('Linux has its own processor and memory')
    await linuxMapsNoMore(machine, board)
    report('Linux has its own processor and memory, and maps no more')
  })
  await next("Linux's memory", LIMIT_MS.memory, (report) =>
    memoriesStayApart(machine, { cores, report }),
  )
  for (const [what, times, timeMs, does] of [
    ['the server is killed', KILLS, LIMIT_MS.kill, killServer],
    ['Linux is rebooted', REBOOTS, LIMIT_MS.start, rebootLinux],
  ] as const) {
    await next(what, times * timeMs, async (report) => {
      for (let time = 1; time <= times; time++) {
        await does(machine, cores)
        report(`${time} of ${times} times`)
      }
    })
  }
  const control = await next('a server to start and stop cores', LIMIT_MS.start, async (report) => {
    report(`the machine's own has ended with status ${await machine.hold()}`)
    return await ServerControl.start(machine, board, firmware.faultyFirmware)
  })
  await next('cores are started, stopped and reloaded', ROUNDS * LIMIT_MS.round, (report) =>
    lifeCycles(machine, control, { board, cores, firmware, rounds: ROUNDS, report }),
  )
  await next('cores fault', FAULTS * LIMIT_MS.fault, async (report) => {
    await coreFaults(machine, control, { board, cores, firmware, faults: FAULTS, report })
    await control.end()
  })
  await next('messages', LIMIT_MS.messages + messages * LIMIT_MS.message, (report) =>
    machineMessages(machine, { board, firmware, messages, report }),
  )
  await next("the machine's own server is back", LIMIT_MS.start, async (report) => {
    await machine.serve()
    await passStreams(machine, cores)
    report('streams pass on all cores')
  })
  await next('the machine goes off', LIMIT_MS.off, async (report) => {
    equal(await machine.powerOff(), true, 'it goes off in time')
    report('it is off')
  })
}
