import { findPlacement } from '../placement.ts'
import type { Results, Sample } from '../results.ts'
import type { WindowTimes } from '../rings/window.ts'
import { type Bout, measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { CELLS, CORES, QUIET, ROUND_TRIP, ROUND_TRIPS, START } from './cells.ts'
import {
  BARE_NODE,
  hasVirt,
  KINDS,
  type MeasuredKind,
  VIRT_MISSING,
  YARDSTICK,
} from './contenders.ts'
import { measureBareNode, measureQuiet, measureStart, type QuietTimes } from './measure-server.ts'
import { measureTrips, TRIP_TIMES, TRIP_TIMES_QUICK } from './measure-trips.ts'
import { virtReport } from './report.ts'
import { buildSpinningFirmware } from './spinning-firmware.ts'

interface Times {
  readonly trips: WindowTimes
  readonly quiet: QuietTimes
}

/** A server has settled when its modules are compiled and its first garbage is collected. */
const FULL: Times = {
  trips: TRIP_TIMES,
  quiet: { settleMs: 2000, durationMs: 5000 },
}
const QUICK: Times = {
  trips: TRIP_TIMES_QUICK,
  quiet: { settleMs: 0, durationMs: 200 },
}

/** Cores on bare metal in QEMU, beside the same cores as processes. */
export const VIRT_SUITE: Suite = {
  name: 'virt',
  description:
    'bare-metal cores in QEMU beside hosted ones: round trips, a quiet server, its start',
  cellNames: CELLS.map(({ name }) => name),
  run: runVirtSuite,
  report: virtReport,
}

/** @throws {BenchError} where firmware does not build, or a measurement fails. */
async function runVirtSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  const withVirt = hasVirt()
  if (!withVirt) surroundings.onNote(VIRT_MISSING)
  const kinds = KINDS.filter((kind) => kind !== 'virt' || withVirt)
  if (plan.cells.includes(ROUND_TRIP)) for (const kind of kinds) buildSpinningFirmware(kind)
  const placement = findPlacement()
  const { trips, quiet } = plan.isQuick ? QUICK : FULL
  const measure = (cell: string, kind: MeasuredKind, signal: AbortSignal): Promise<Sample> => {
    if (ROUND_TRIPS.has(cell)) return measureTrips(kind, cell, trips, placement, signal)
    if (cell === QUIET) return measureQuiet(kind, quiet, signal)
    return measureStart(kind, cell === START ? 1 : CORES, signal)
  }
  const bouts = CELLS.filter(({ name }) => plan.cells.includes(name)).flatMap(({ name: cell }) => {
    const bout = (contender: string, sample: (signal: AbortSignal) => Promise<Sample>): Bout => {
      return {
        ...{ cell, contender, isOurs: contender === 'virt' },
        measure: async (signal) => ({ sample: await sample(signal), about: {} }),
      }
    }
    const ofKinds = kinds.map((kind) => bout(kind, (signal) => measure(cell, kind, signal)))
    return cell === START ? [...ofKinds, bout(BARE_NODE, measureBareNode)] : ofKinds
  })
  return await measureInRounds({ suite: 'virt', yardstick: YARDSTICK }, bouts, plan, surroundings)
}
