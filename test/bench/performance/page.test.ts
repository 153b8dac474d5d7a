import test from 'ava'
import { makePage } from '../../../bench/performance/page.ts'
import type { Results, Series } from '../../../bench/results.ts'
import { pointName, SWEEPS } from '../../../bench/scale/sweeps.ts'
import { resultsOf } from '../results-of.ts'

const FIGURES = {
  ...{ messagesPerS: 50_000, p50Us: 20, p99Us: 40, p999Us: 80, cpuUsPerMessage: 8, cpuSPerGB: 3 },
  ...{ serverCpuShare: 0.5, coreCpuShare: 0.1, loadCpuShare: 0.2, loadedRssBytes: 5e7 },
  ...{ coreCpuUsPerMessage: 1, messagesPerCpuS: 1e5, bytesPerConnection: 900 },
}

function series(cell: string, contender: string, more: Partial<typeof FIGURES> = {}): Series {
  const sample = (round: number) =>
    Object.fromEntries(
      Object.entries({ ...FIGURES, ...more }).map(([name, figure]) => [
        name,
        figure * (1 + round / 100),
      ]),
    )
  return {
    ...{ cell, contender, isOurs: contender.startsWith('carillon'), about: {} },
    samples: Array.from({ length: 5 }, (_, round) => sample(round)),
  }
}

const BRIDGE = resultsOf(
  [
    ...['carillon', 'c-bridge', 'afternoon'].map((name) => series('blocks', name)),
    series('filtered', 'carillon'),
  ],
  { suite: 'bridge', yardstick: 'c-bridge' },
)
const SCALE = resultsOf(
  SWEEPS.flatMap((sweep) =>
    sweep.values.map((value) =>
      series(pointName(sweep, value), 'carillon', {
        messagesPerS: Math.max(value, 8192),
        cpuUsPerMessage: 4 * value ** 0.5,
      }),
    ),
  ),
  { suite: 'scale', yardstick: 'c-bridge' },
)

function pageOf(all: readonly Results[], before?: string) {
  return makePage(new Map(all.map((results) => [results.suite, results])), before)
}

test('the same results make the same page, and the same plots', (t) => {
  const first = pageOf([BRIDGE, SCALE])
  const second = pageOf([BRIDGE, SCALE], first.text)
  t.is(second.text, first.text)
  t.deepEqual(second.plots, first.plots)
  t.true(first.plots.size > SWEEPS.length)
})

test('every plot that the page shows is there, is SVG, and holds what was measured', (t) => {
  const { text, plots } = pageOf([BRIDGE, SCALE])
  const shown = [...text.matchAll(/!\[[^\]]*\]\(performance\/([^)]+)\)/g)].map(([, file]) => file)
  t.deepEqual([...shown].sort(), [...plots.keys()].sort())
  for (const [file, svg] of plots) t.regex(svg, /^<svg [\s\S]*<\/svg>\n$/, file)
  t.true(plots.get('bridge.svg')?.includes('4 clients, 4,096 samples'))
})

test('a table has medians, spread and ratios, and every target what became of it', (t) => {
  const { text } = pageOf([BRIDGE])
  t.regex(text, /^\| carillon \| 51\.0 k \| ±2 % \|/m)
  t.regex(text, /^\| c-bridge \|.* 1\.00 \[1\.00, 1\.00\] \|$/m)
  t.true(
    text.includes(
      '| blocks/s, carillon over c-bridge ≥ 0.95 | `blocks` | 1.00 [1.00, 1.00] | holds |',
    ),
  )
  t.true(
    text.includes(
      '| blocks/s, carillon over afternoon ≥ 1.5 | `blocks` | 1.00 [1.00, 1.00] (c-bridge: 1.00 [1.00, 1.00]) | **missed** |',
    ),
  )
  t.regex(text, /2 × a CPU, .*Node 20, .*load average 0 before, 2 after/)
})

test('exponents are those of the curves', (t) => {
  t.regex(
    pageOf([SCALE]).text,
    /^\| CPU of the bridge \| carillon \| 0\.50 \[0\.50, 0\.50\] \| 0 % \|$/m,
  )
})

test('a peer that lost a message has a sentence and no figure, nor anybody a ratio to it', (t) => {
  const peer: Series = {
    ...{ cell: 'blocks', contender: 'c-bridge', isOurs: false, about: {}, samples: [] },
    refused: 'block 7 of stream 1\nnever came',
  }
  const { text, plots } = pageOf([{ ...BRIDGE, series: [series('blocks', 'carillon'), peer] }])
  t.true(text.includes('`c-bridge` has no figure: block 7 of stream 1 never came'))
  t.notRegex(text, /^\| c-bridge/m)
  t.notRegex(text, /over c-bridge/)
  t.false(plots.has('bridge.svg'))
  t.notRegex(text, /NaN|Infinity|undefined/)
})

test('what is kept by hand stays, whatever was measured', (t) => {
  const begin = '<!-- by hand: begin -->'
  const end = '<!-- by hand: end -->'
  const before = pageOf([BRIDGE]).text
  const byHand = `${begin}\n## What was found\n\nThe $1 & the $& copy | cost half.\n${end}`
  const written = before.replace(
    /<!-- by hand: begin -->[\s\S]*<!-- by hand: end -->/,
    () => byHand,
  )
  t.true(pageOf([SCALE], written).text.includes(byHand))
  for (const damaged of [
    '',
    begin,
    end,
    `${end}${begin}`,
    `${byHand}${byHand}`,
    `${byHand}${end}`,
  ]) {
    t.throws(() => pageOf([BRIDGE], damaged), { code: 'ERR_CARILLON_BENCH_PAGE' }, damaged)
  }
})

test('what was not measured is said, and a quick run does not pass for a measurement', (t) => {
  const { text } = pageOf([{ ...BRIDGE, isQuick: true }])
  t.true(text.includes('Not measured yet: `npm run bench -- scale`'))
  t.true(text.includes('its figures mean nothing'))
  t.true(text.includes('the plan means nothing'))
  t.notRegex(text, /\| (holds|\*\*missed\*\*) \|/)
})
