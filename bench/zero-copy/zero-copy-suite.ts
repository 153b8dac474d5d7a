import type { Durations } from '../loaded-server.ts'
import { findPlacement, findThirdCpu } from '../placement.ts'
import { buildPrograms } from '../programs.ts'
import type { Results } from '../results.ts'
import { type Bout, measureInRounds, type Plan, type Surroundings } from '../rounds.ts'
import type { Suite } from '../suite-command.ts'
import { CELLS } from './cells.ts'
import { contendersOf, YARDSTICK } from './contenders.ts'
import { type Circumstances, measure } from './measure.ts'
import { zeroCopyReport } from './report.ts'
import { StreamRegion } from './stream-region.ts'

const FULL: Durations = { warmupMs: 500, durationMs: 1500 }
const QUICK: Durations = { warmupMs: 20, durationMs: 100 }

/** What is copied in user space on the way, and what a copy costs. */
export const ZERO_COPY_SUITE: Suite = {
  name: 'zero-copy',
  description: 'bytes copied between sockets and rings, and a mapped region sent with and without',
  cellNames: CELLS.map(({ name }) => name),
  run: runZeroCopySuite,
  report: zeroCopyReport,
}

/** @throws {BenchError} where a program does not build, or this project fails. */
async function runZeroCopySuite(plan: Plan, surroundings: Surroundings): Promise<Results> {
  buildPrograms()
  const two = findPlacement()
  const streamed = new StreamRegion()
  try {
    const circumstances: Circumstances = {
      durations: plan.isQuick ? QUICK : FULL,
      placement: { ...two, core: findThirdCpu(two) },
      streamed: streamed.path,
      signal: surroundings.signal,
    }
    return await measureInRounds(
      { suite: ZERO_COPY_SUITE.name, yardstick: YARDSTICK },
      bouts(plan, circumstances),
      plan,
      surroundings,
    )
  } finally {
    streamed.remove()
  }
}

function bouts({ cells }: Plan, circumstances: Circumstances): Bout[] {
  return CELLS.filter(({ name }) => cells.includes(name)).flatMap((cell) =>
    contendersOf(cell).map((contender): Bout => {
      const { name, isOurs } = contender
      return {
        ...{ cell: cell.name, contender: name, isOurs },
        async measure() {
          return { sample: await measure(contender, cell, circumstances), about: {} }
        },
      }
    }),
  )
}
