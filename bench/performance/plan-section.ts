import { shortNumber } from '../../src/cli/text-table.ts'
import { markdownTable } from './markdown.ts'
import {
  type Capacity,
  capacities,
  type MeasuredCosts,
  measuredCosts,
  type ResultsBySuite,
} from './plan.ts'
import { ASSUMPTIONS } from './plan-assumptions.ts'

/** What of the measured costs is shown, with the suite that it is of. */
const COST_TEXTS: Record<keyof MeasuredCosts, { readonly text: string; readonly suite: string }> = {
  bridgeUsPerBlock: { text: 'CPU of the bridge for a block of 64 samples, µs', suite: 'scale' },
  atBlocksPerS: { text: 'measured at so many blocks a second', suite: 'scale' },
  bridgeNsPerByte: { text: 'CPU of the bridge for each byte more, ns', suite: 'scale' },
  coreUsPerBlock: { text: 'CPU of a core for such a block without effects, µs', suite: 'scale' },
  filterNsPerSample: {
    text: 'CPU of a core for a sample through ten biquads, ns',
    suite: 'bridge',
  },
  brokerUsPerMessage: { text: 'CPU of an engine for a message there and back, µs', suite: 'echo' },
  brokerBytesPerConnection: { text: 'memory of an engine for a connection, B', suite: 'echo' },
}

/** The plan on paper: computed from the measured costs and what is assumed, and nothing else. */
export function planSection(results: ResultsBySuite): string {
  const costs = measuredCosts(results)
  const known = Object.entries(COST_TEXTS) as [
    keyof MeasuredCosts,
    { text: string; suite: string },
  ][]
  const isQuick = [...results.values()].some((each) => each.isQuick)
  return [
    '## What this could carry: a plan on paper',
    'Nobody has run this. It is reckoned from the costs below, which were measured, and from assumptions, which were not. Each row of a capacity is what one thing alone would allow; the least of them is what there is.',
    ...(isQuick ? ['**Some of the costs are of a quick run: the plan means nothing.**'] : []),
    '### Costs that were measured',
    markdownTable([
      ['cost', 'suite', 'median'],
      ...known.map(([name, { text, suite }]) => [text, `\`${suite}\``, costText(costs[name])]),
    ]),
    '### Assumptions',
    markdownTable([
      ['assumption', 'value'],
      ...Object.values(ASSUMPTIONS).map(({ text, value }) => [text, value.toLocaleString('en')]),
    ]),
    ...capacities(costs).map(capacityText),
  ].join('\n\n')
}

function costText(cost: number | undefined): string {
  return cost === undefined ? 'not measured' : shortNumber(cost)
}

function capacityText({ title, unit, limits }: Capacity): string {
  const least = Math.min(...limits.map(({ count }) => count))
  return [
    `### ${title}`,
    markdownTable([
      [`limited by`, unit],
      ...limits.map(({ what, count }) => {
        const text = wholeText(count)
        return [what, count === least ? `**${text}**` : text]
      }),
    ]),
  ].join('\n\n')
}

/** Whole ones: half a stream is none. */
function wholeText(count: number): string {
  return Math.floor(count).toLocaleString('en')
}
