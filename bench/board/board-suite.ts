import { relative } from 'node:path'
import { findPlacement } from '../placement.ts'
import { REPOSITORY } from '../programs.ts'
import type { Results } from '../results.ts'
import type { WindowTimes } from '../rings/window.ts'
import { type Bout, measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { ROUND_TRIPS } from '../virt/cells.ts'
import { hasVirt, VIRT_MISSING } from '../virt/contenders.ts'
import { measureTrips, TRIP_TIMES, TRIP_TIMES_QUICK } from '../virt/measure-trips.ts'
import { coreReport } from '../virt/report.ts'
import { buildSpinningFirmware, spinningFirmware } from '../virt/spinning-firmware.ts'
import { hasMachine, startMachine } from './linux-machine.ts'
import { measureBoardTrips } from './measure-board-trips.ts'
import { BOARD, TARGETS } from './targets.ts'

const CELL_NAMES = [...ROUND_TRIPS.keys()]

/** Node is slow in there, and V8 compiles what was called often. */
const MACHINE_TIMES: WindowTimes = { warmupMs: 10_000, durationMs: 3000 }

/** What the board is measured by: the same firmware in QEMU, called from this machine's Linux. */
const YARDSTICK = 'virt'

const MACHINE_MISSING = `${BOARD} is left out: npm run image -- ${BOARD}`

/** Cores beside a Linux that is in QEMU with them, called from there. */
export const BOARD_SUITE: Suite = {
  name: 'board',
  description: `round trips from Node in Linux to the firmware's cores beside it, on ${BOARD}`,
  cellNames: CELL_NAMES,
  run: runBoardSuite,
  report: (results) => coreReport(results, TARGETS),
}

/** @throws {BenchError} where firmware does not build, or a measurement fails. */
async function runBoardSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  const { signal, onNote } = surroundings
  const [withVirt, withMachine] = [hasVirt(), await hasMachine(BOARD)]
  if (!withVirt) onNote(VIRT_MISSING)
  if (!withMachine) onNote(MACHINE_MISSING)
  const times = plan.isQuick ? TRIP_TIMES_QUICK : TRIP_TIMES
  const machineTimes = plan.isQuick ? TRIP_TIMES_QUICK : MACHINE_TIMES
  const placement = findPlacement()
  if (withVirt) buildSpinningFirmware(YARDSTICK)
  if (withMachine) buildSpinningFirmware(BOARD)
  const firmware = relative(REPOSITORY, spinningFirmware(BOARD))
  const machine = withMachine ? await startMachine(BOARD, firmware, signal) : undefined
  try {
    const bouts = CELL_NAMES.filter((name) => plan.cells.includes(name)).flatMap((cell): Bout[] => {
      const bout = (contender: string, isOurs: boolean, measure: Bout['measure']): Bout => {
        return { cell, contender, isOurs, measure }
      }
      const ofMachine =
        machine === undefined
          ? []
          : [
              bout(BOARD, true, async () => {
                const sample = await measureBoardTrips(machine, BOARD, firmware, cell, machineTimes)
                return { sample, about: {} }
              }),
            ]
      const ofVirt = withVirt
        ? [
            bout(YARDSTICK, false, async (signal) => {
              const sample = await measureTrips(YARDSTICK, cell, times, placement, signal)
              return { sample, about: {} }
            }),
          ]
        : []
      return [...ofMachine, ...ofVirt]
    })
    return await measureInRounds(
      { suite: 'board', yardstick: YARDSTICK },
      bouts,
      plan,
      surroundings,
    )
  } finally {
    await machine?.kill()
  }
}
