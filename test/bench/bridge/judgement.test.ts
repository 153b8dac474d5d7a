import test from 'ava'
import { contendersOf } from '../../../bench/bridge/bridge-suite.ts'
import { CELLS } from '../../../bench/bridge/cells.ts'
import { CONTENDERS, YARDSTICK } from '../../../bench/bridge/contenders.ts'
import { judge } from '../../../bench/bridge/judgement.ts'
import { TARGETS, type Target } from '../../../bench/bridge/targets.ts'
import { measuredText } from '../../../bench/report-text.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

const both = { cell: 'blocks', contender: 'carillon', peer: 'c-bridge' } as const

function verdictOf(target: Target, ours: number[], theirs: number[]) {
  const series = [
    seriesOf(target.contender, target.metric, ours, target.cell),
    seriesOf(target.peer, target.metric, theirs, target.cell),
  ]
  return judge(resultsOf(series), [target])[0]?.verdict
}

const HUNDREDS = [100, 100, 100, 100, 100]

test('a throughput has a floor', (t) => {
  const target: Target = { ...both, metric: 'messagesPerS', atLeast: 0.9 }
  t.is(verdictOf(target, [90, 91, 92, 93, 94], HUNDREDS), 'holds')
  t.is(verdictOf(target, [85, 86, 87, 88, 89], HUNDREDS), 'missed')
  t.is(verdictOf(target, [80, 85, 91, 95, 99], HUNDREDS), 'unsettled')
})

test('a latency and the CPU for a block have a ceiling', (t) => {
  for (const metric of ['p50Us', 'p99Us', 'cpuUsPerMessage'] as const) {
    const target: Target = { ...both, metric, atMost: 1.2 }
    t.is(verdictOf(target, [116, 117, 118, 119, 120], HUNDREDS), 'holds')
    t.is(verdictOf(target, [121, 122, 123, 124, 125], HUNDREDS), 'missed')
    t.is(verdictOf(target, [110, 115, 119, 125, 130], HUNDREDS), 'unsettled')
  }
})

test('beside a target over another peer stands what the yardstick reaches of it', (t) => {
  const series = (contender: string, value: number) =>
    seriesOf(contender, 'p50Us', Array(5).fill(value), 'blocks')
  const all = resultsOf([series('carillon', 90), series('afternoon', 100), series(YARDSTICK, 80)])
  const over = (peer: 'afternoon' | 'c-bridge') => {
    const target: Target = { ...both, peer, metric: 'p50Us', atMost: 0.7 }
    return judge(all, [target])[0]
  }
  const yardstick = { contender: YARDSTICK, measured: { value: 0.8, low: 0.8, high: 0.8 } }
  t.like(over('afternoon'), { verdict: 'missed', yardstick })
  t.is(over('c-bridge')?.yardstick, undefined)
  const judgement = over('afternoon')
  if (judgement === undefined) throw new Error('it was measured')
  t.is(measuredText(judgement), '0.90 [0.90, 0.90] (c-bridge: 0.80 [0.80, 0.80])')
})

test('what was not measured, or by one of the two only, is not judged', (t) => {
  const target: Target = { ...both, metric: 'p50Us', atMost: 1 }
  t.deepEqual(judge(resultsOf([]), [target]), [])
  t.deepEqual(judge(resultsOf([seriesOf('carillon', 'p50Us', [1], 'blocks')]), [target]), [])
})

test('every target is of a cell in which both are measured, and the yardstick is in every cell', (t) => {
  const namesIn = (cell: (typeof CELLS)[number]) => contendersOf(cell).map(({ name }) => name)
  for (const { cell, contender, peer } of TARGETS) {
    const found = CELLS.find(({ name }) => name === cell)
    if (found === undefined) throw new Error(`there is no cell ${cell}`)
    t.true(namesIn(found).includes(contender), contender)
    t.true(namesIn(found).includes(peer), peer)
  }
  for (const cell of CELLS) t.true(namesIn(cell).includes(YARDSTICK))
  t.is(new Set(CONTENDERS.map(({ name }) => name)).size, CONTENDERS.length)
})
