import { fitPowerLaw, type Point, type PowerLaw } from '../least-squares.ts'
import { figuresOf, findSeries, type Results } from '../results.ts'
import { median } from '../statistics.ts'
import { pointName, type Sweep } from './sweeps.ts'

/** What of a block grows, or falls. */
export const COSTS = {
  cpuUsPerMessage: 'CPU of the bridge',
  coreCpuUsPerMessage: 'CPU of the cores',
  p50Us: 'p50',
} as const
export type Cost = keyof typeof COSTS

/** How a cost grows along a curve. */
export interface Growth {
  readonly contender: string
  readonly cost: Cost
  readonly law: PowerLaw
}

/** Less of the blocks that were due were sent than this: then it is no figure for that rate. */
const SENT_SHARE_MIN = 0.99

/** The costs that say something of a curve. */
export function costsOf({ hasLatency }: Sweep): Cost[] {
  return ['cpuUsPerMessage', 'coreCpuUsPerMessage', ...(hasLatency ? (['p50Us'] as const) : [])]
}

/** The medians along a curve; without those points at which the contender did not keep up. */
export function pointsOf(results: Results, sweep: Sweep, contender: string, cost: Cost): Point[] {
  return sweep.values.flatMap((value) => {
    const series = findSeries(results, pointName(sweep, value), contender)
    const figures = figuresOf(series, cost)
    if (figures.length === 0 || !keptUp(results, sweep, value, contender)) return []
    return [{ x: value, y: median(figures) }]
  })
}

/** Whether so many blocks were sent as were due. In a quick run fewer are due. */
export function keptUp(results: Results, sweep: Sweep, value: number, contender: string): boolean {
  const { rate } = sweep.trafficAt(value)
  const sent = figuresOf(findSeries(results, pointName(sweep, value), contender), 'messagesPerS')
  return results.isQuick || rate === undefined || median(sent) >= rate * SENT_SHARE_MIN
}

/** Every cost of everybody on a curve that a law can be laid through. */
export function growthsOf(results: Results, sweep: Sweep): Growth[] {
  const names = new Set(
    sweep.values.flatMap((value) =>
      results.series
        .filter(({ cell }) => cell === pointName(sweep, value))
        .map(({ contender }) => contender),
    ),
  )
  return [...names].flatMap((contender) =>
    costsOf(sweep).flatMap((cost) => {
      const law = fitPowerLaw(pointsOf(results, sweep, contender, cost))
      return law === undefined ? [] : [{ contender, cost, law }]
    }),
  )
}
