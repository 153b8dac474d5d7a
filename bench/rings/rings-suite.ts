import { findPlacement } from '../placement.ts'
import { buildPrograms } from '../programs.ts'
import type { Results } from '../results.ts'
import { type Bout, measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { CELLS } from './cells.ts'
import { CONTENDERS, YARDSTICK } from './contenders.ts'
import { measure } from './measure.ts'
import { ringsReport } from './report.ts'
import { hasRingbuf, RINGBUF_MISSING } from './ringbuf.ts'
import type { WindowTimes } from './window.ts'

/** Long enough that a compiler of JavaScript has done its work before the figures count. */
const FULL: WindowTimes = { warmupMs: 300, durationMs: 1000 }
const QUICK: WindowTimes = { warmupMs: 20, durationMs: 60 }

/** This project's ring among other ways from one side to another on one machine. */
export const RINGS_SUITE: Suite = {
  name: 'rings',
  description:
    "this project's ring, in C and TypeScript, beside a queue in C++, ringbuf.js, sockets",
  cellNames: CELLS.map(({ name }) => name),
  run: runRingsSuite,
  report: ringsReport,
}

/** @throws {BenchError} where a program does not build, or a contender fails. */
async function runRingsSuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  buildPrograms()
  const withRingbuf = hasRingbuf()
  if (!withRingbuf) surroundings.onNote(RINGBUF_MISSING)
  const placement = findPlacement()
  if (placement.server === placement.load) {
    surroundings.onNote('there is one CPU for both sides: each waits for the other to be stopped')
  }
  const times = plan.isQuick ? QUICK : FULL
  const bouts = CELLS.filter(({ name }) => plan.cells.includes(name)).flatMap((cell) =>
    CONTENDERS.filter(
      ({ name, cells }) =>
        (cells as readonly string[]).includes(cell.name) && (name !== 'ringbuf.js' || withRingbuf),
    ).map((contender): Bout => {
      const { name, isOurs } = contender
      return {
        ...{ cell: cell.name, contender: name, isOurs },
        measure: async (signal) => {
          return { sample: await measure(contender, cell, times, placement, signal), about: {} }
        },
      }
    }),
  )
  return await measureInRounds({ suite: 'rings', yardstick: YARDSTICK }, bouts, plan, surroundings)
}
