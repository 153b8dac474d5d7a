import { type Durations, serverBout } from '../loaded-server.ts'
import { findPlacement } from '../placement.ts'
import { ASIO_MISSING, buildPrograms, hasAsio } from '../programs.ts'
import type { Results } from '../results.ts'
import { measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { CELLS, type Cell, quickCell } from './cells.ts'
import { CONTENDERS, YARDSTICK } from './contenders.ts'
import { measure } from './measure.ts'
import { echoReport } from './report.ts'

/** Long enough that a server's start and a collection of garbage do not decide; 50 a round. */
const FULL: Durations = { warmupMs: 500, durationMs: 1500 }
const QUICK: Durations = { warmupMs: 50, durationMs: 150 }

type ListedContender = (typeof CONTENDERS)[number]

/** This project's echo server among others. */
export const ECHO_SUITE: Suite = {
  name: 'echo',
  description: "this project's echo server beside those of others: C on epoll, Asio, Node's net",
  cellNames: CELLS.map(({ name }) => name),
  run: runEchoSuite,
  report: echoReport,
}

/** @throws {BenchError} where a program does not build, or a server or the load on it fails. */
async function runEchoSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  buildPrograms()
  if (!hasAsio()) surroundings.onNote(ASIO_MISSING)
  const placement = findPlacement()
  if (placement.server === placement.load) {
    surroundings.onNote(
      'there is one CPU for the server and the load: the figures are of both together',
    )
  }
  const durations = plan.isQuick ? QUICK : FULL
  const bouts = pairings(plan).map(({ cell, contender }) =>
    serverBout(cell.name, contender, (signal) =>
      measure(contender, cell, durations, placement, signal),
    ),
  )
  return await measureInRounds({ suite: 'echo', yardstick: YARDSTICK }, bouts, plan, surroundings)
}

function pairings({ cells, isQuick }: Plan): { cell: Cell; contender: ListedContender }[] {
  return CELLS.filter(({ name }) => cells.includes(name)).flatMap((cell) =>
    CONTENDERS.filter((contender) => takesPart(contender, cell)).map((contender) => {
      return { cell: isQuick ? quickCell(cell) : cell, contender }
    }),
  )
}

function takesPart({ name }: ListedContender, cell: Cell): boolean {
  if (name === 'carillon-busy') return cell.isBusyPolled === true
  return name !== 'asio' || hasAsio()
}
