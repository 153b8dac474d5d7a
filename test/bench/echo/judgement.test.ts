import test from 'ava'
import { CELLS } from '../../../bench/echo/cells.ts'
import { YARDSTICK } from '../../../bench/echo/contenders.ts'
import { judge } from '../../../bench/echo/judgement.ts'
import { TARGETS, type Target } from '../../../bench/echo/targets.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

const ratio: Extract<Target, { kind: 'ratio' }> = {
  ...{ kind: 'ratio', cell: 'bulk', contender: 'carillon', peer: 'c-epoll', atLeast: 1 },
}

function verdictOf(target: Target, ...series: Parameters<typeof seriesOf>[]) {
  return judge(resultsOf(series.map((each) => seriesOf(...each))), [target])[0]?.verdict
}

test('a target holds or is missed where the whole interval says so', (t) => {
  const against = (ours: number[]) =>
    verdictOf(
      ratio,
      ['carillon', 'messagesPerS', ours],
      ['c-epoll', 'messagesPerS', [100, 100, 100, 100, 100]],
    )
  t.is(against([110, 108, 112, 111, 109]), 'holds')
  t.is(against([90, 92, 88, 95, 91]), 'missed')
  t.is(against([90, 120, 80, 130, 101]), 'unsettled')
})

test('a cell is judged by another one of the same server', (t) => {
  const target: Target = {
    ...{ kind: 'unchanged', cell: 'open-1000', contender: 'carillon', from: 'bulk', atLeast: 0.9 },
  }
  const against = (figure: number) =>
    verdictOf(
      target,
      ['carillon', 'messagesPerS', [100], 'bulk'],
      ['carillon', 'messagesPerS', [figure], 'open-1000'],
    )
  t.is(against(90), 'holds')
  t.is(against(200), 'holds')
  t.is(against(89), 'missed')
})

test('memory has a ceiling', (t) => {
  const target: Target = {
    ...{ kind: 'memory', cell: 'open-10000', contender: 'carillon', bytesAtMost: 2048 },
  }
  const against = (figures: number[]) =>
    verdictOf(target, ['carillon', 'bytesPerConnection', figures, 'open-10000'])
  t.is(against([2048, 2000]), 'holds')
  t.is(against([2049, 3000]), 'missed')
  t.is(against([2000, 3000]), 'unsettled')
})

test('beside a target over another peer stands what the yardstick reaches of it', (t) => {
  const series = (contender: string, value: number) =>
    seriesOf(contender, 'messagesPerS', Array(5).fill(value))
  const all = resultsOf([series('carillon', 150), series('node-net', 100), series(YARDSTICK, 160)])
  const over = (peer: 'node-net' | 'c-epoll') => judge(all, [{ ...ratio, peer }])[0]
  const yardstick = { contender: YARDSTICK, measured: { value: 1.6, low: 1.6, high: 1.6 } }
  t.like(over('node-net'), { measured: { value: 1.5, low: 1.5, high: 1.5 }, yardstick })
  t.is(over('c-epoll')?.yardstick, undefined)
})

test('what was not measured is not judged', (t) => {
  t.is(verdictOf(ratio, ['carillon', 'messagesPerS', [1]]), undefined)
})

test('every target is of a cell that there is', (t) => {
  const names = CELLS.map(({ name }) => name)
  for (const target of TARGETS) {
    t.true(names.includes(target.cell), target.cell)
    if (target.kind === 'unchanged') t.true(names.includes(target.from), target.from)
  }
})
