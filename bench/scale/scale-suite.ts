import type { Durations } from '../loaded-server.ts'
import { findCpusBeside, findPlacement } from '../placement.ts'
import { buildPrograms } from '../programs.ts'
import type { Results } from '../results.ts'
import { type Bout, measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { contendersOf, YARDSTICK } from './contenders.ts'
import { measure, type ScalePlacement } from './measure.ts'
import { scaleReport } from './report.ts'
import { measuredValues, pointName, quickTraffic, SWEEPS } from './sweeps.ts'

/** Shorter than in the suite `bridge`: there are many points, and a curve has all of them. */
const FULL: Durations = { warmupMs: 800, durationMs: 1200 }
const QUICK: Durations = { warmupMs: 20, durationMs: 100 }

/** How the cost of the bridge grows. */
export const SCALE_SUITE: Suite = {
  name: 'scale',
  description: 'how cost grows with clients, connections, cores, size and rate, as curves',
  cellNames: SWEEPS.map(({ name }) => name),
  run: runScaleSuite,
  report: scaleReport,
}

/** @throws {BenchError} where a program does not build, or this project or the load on it fails. */
async function runScaleSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  buildPrograms()
  const placement = scalePlacement(surroundings)
  return await measureInRounds(
    { suite: 'scale', yardstick: YARDSTICK },
    bouts(plan, placement),
    plan,
    surroundings,
  )
}

function scalePlacement({ onNote }: Surroundings): ScalePlacement {
  const two = findPlacement()
  const free = findCpusBeside(two)
  const most = Math.max(...SWEEPS.flatMap((s) => s.values.map((value) => s.trafficAt(value).cores)))
  if (free.length < most) {
    onNote(
      `there are ${free.length} CPUs for up to ${most} cores: they share ${free.length === 0 ? "the load's" : 'them'}`,
    )
  }
  return { ...two, cores: free.length === 0 ? [two.load] : free }
}

function bouts({ cells, isQuick }: Plan, placement: ScalePlacement): Bout[] {
  const durations = isQuick ? QUICK : FULL
  const sweeps = SWEEPS.filter(({ name }) => cells.includes(name))
  return sweeps.flatMap((sweep) =>
    measuredValues(sweep, isQuick).flatMap((value) =>
      contendersOf(sweep).map((contender): Bout => {
        const traffic = sweep.trafficAt(value)
        return {
          cell: pointName(sweep, value),
          contender: contender.name,
          isOurs: contender.isOurs,
          async measure(signal) {
            const measured = isQuick ? quickTraffic(traffic) : traffic
            const sample = await measure(contender, measured, durations, placement, signal)
            return { sample, about: {} }
          },
        }
      }),
    ),
  )
}
