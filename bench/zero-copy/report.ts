import { shortNumber, textTable } from '../../src/cli/text-table.ts'
import { estimateText, spreadText, suiteText, targetsText } from '../report-text.ts'
import { figuresOf, findSeries, type Results, type Series } from '../results.ts'
import { median, ratioOfMedians } from '../statistics.ts'
import { CELLS, type Cell } from './cells.ts'
import { YARDSTICK } from './contenders.ts'
import { judge } from './judgement.ts'
import { TARGETS } from './targets.ts'

export const WAY_NAMES = {
  copiesSocketToRing: 'from socket to ring',
  copiesRingToSocket: 'from ring to socket',
} as const

/** The results for reading. */
export function zeroCopyReport(results: Results): string {
  return suiteText(results, {
    cells: CELLS,
    cellText,
    judgedText: () => judgedText(results),
    disturbance: (share) =>
      `who streamed was ready to run and had no CPU for ${share} of the time (median). "s/GB" suffers least from that, and copies not at all.`,
  })
}

function cellText(results: Results, cell: Cell): string {
  const all = results.series.filter((series) => series.cell === cell.name)
  const rows = {
    copies: () => [
      ['per byte', 'socket to ring', 'ring to socket', 'other', 'short'],
      ...all.map((series) => [
        series.contender,
        ...['copiesSocketToRing', 'copiesRingToSocket', 'copiesOther', 'copiesShort'].map(
          (metric) => median(figuresOf(series, metric)).toFixed(3),
        ),
      ]),
    ],
    places: () => [
      ['places', 'in the region', 'elsewhere'],
      ...all.map((series) => [
        series.contender,
        ...['placesInRegion', 'placesElsewhere'].map((metric) =>
          median(figuresOf(series, metric)).toFixed(0),
        ),
      ]),
    ],
    stream: () => [
      ['', 'bytes/s', 's/GB', 'spread', 'CPU', 'load', `s/GB over ${YARDSTICK}`],
      ...all.map((series) => streamRow(results, series)),
    ],
  }
  return [cell.title, textTable(rows[cell.kind]())].join('\n')
}

function streamRow(results: Results, series: Series): string[] {
  const of = (metric: string) => figuresOf(series, metric)
  const theirs = figuresOf(findSeries(results, series.cell, YARDSTICK), 'cpuSPerGB')
  const isComparable = series.contender !== YARDSTICK && theirs.length === of('cpuSPerGB').length
  return [
    series.contender,
    shortNumber(median(of('bytesPerS'))),
    median(of('cpuSPerGB')).toFixed(3),
    spreadText(of('cpuSPerGB')),
    ...['serverCpuShare', 'loadCpuShare'].map((m) => `${(median(of(m)) * 100).toFixed(0)} %`),
    isComparable ? estimateText(ratioOfMedians(of('cpuSPerGB'), theirs)) : '',
  ]
}

function judgedText(results: Results): string {
  return targetsText(
    judge(results, TARGETS).map(({ target, measured, verdict }) => {
      const title = CELLS.find(({ name }) => name === target.cell)?.title ?? target.cell
      const wish = `${title}: ${WAY_NAMES[target.metric]} at most ${target.atMost} per byte`
      return { verdict, wish, measured: estimateText(measured) }
    }),
  )
}
