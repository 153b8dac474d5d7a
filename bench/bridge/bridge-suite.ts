import { type Durations, serverBout } from '../loaded-server.ts'
import { findPlacement, findThirdCpu } from '../placement.ts'
import { buildPrograms } from '../programs.ts'
import type { Results } from '../results.ts'
import { measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { CELLS, type Cell, quickCell } from './cells.ts'
import { CONTENDERS, type Contender, YARDSTICK } from './contenders.ts'
import { measure } from './measure.ts'
import { bridgeReport } from './report.ts'

/** Long enough that a compiler of JavaScript has done its work before the figures count. */
const FULL: Durations = { warmupMs: 1000, durationMs: 1500 }
const QUICK: Durations = { warmupMs: 50, durationMs: 150 }

/** This project's server with a core, among other bridges to the same core. */
export const BRIDGE_SUITE: Suite = {
  name: 'bridge',
  description: 'from a client to a core and back: this project, a bridge in C, one on Node alone',
  cellNames: CELLS.map(({ name }) => name),
  run: runBridgeSuite,
  report: bridgeReport,
}

/** @throws {BenchError} where a program does not build, or a bridge or the load on it fails. */
async function runBridgeSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  buildPrograms()
  const two = findPlacement()
  const placement = { ...two, core: findThirdCpu(two) }
  if (placement.core === placement.load) {
    surroundings.onNote(
      'there is no third CPU: the core shares one with the load, and where it polls, takes half of it',
    )
  }
  const durations = plan.isQuick ? QUICK : FULL
  const bouts = pairings(plan).map(({ cell, contender }) =>
    serverBout(cell.name, contender, (signal) =>
      measure(contender, cell, durations, placement, signal),
    ),
  )
  return await measureInRounds({ suite: 'bridge', yardstick: YARDSTICK }, bouts, plan, surroundings)
}

function pairings({ cells, isQuick }: Plan): { cell: Cell; contender: Contender }[] {
  return CELLS.filter(({ name }) => cells.includes(name)).flatMap((cell) =>
    contendersOf(cell).map((contender) => {
      return { cell: isQuick ? quickCell(cell) : cell, contender }
    }),
  )
}

/** Who is measured in a cell. */
export function contendersOf(cell: Cell): Contender[] {
  const all: readonly Contender[] = CONTENDERS
  return all.filter(({ isBusy }) => isBusy !== true || cell.isBusyPolled === true)
}
