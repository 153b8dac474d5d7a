import test from 'ava'
import { CELLS } from '../../../bench/rings/cells.ts'
import { CONTENDERS } from '../../../bench/rings/contenders.ts'
import { judge } from '../../../bench/rings/judgement.ts'
import { TARGETS, type Target } from '../../../bench/rings/targets.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

function verdictOf(target: Target, ...series: Parameters<typeof seriesOf>[]) {
  return judge(resultsOf(series.map((each) => seriesOf(...each))), [target])[0]?.verdict
}

test('a rate has a floor', (t) => {
  const target: Target = {
    ...{ kind: 'rate', cell: 'one-way', contender: 'carillon-c-c', perSAtLeast: 100 },
  }
  const against = (figures: number[]) =>
    verdictOf(target, ['carillon-c-c', 'messagesPerS', figures, 'one-way'])
  t.is(against([100, 101, 102, 103, 104]), 'holds')
  t.is(against([95, 96, 97, 98, 99]), 'missed')
  t.is(against([80, 90, 101, 110, 120]), 'unsettled')
})

test('a latency has a ceiling', (t) => {
  const target: Target = {
    ...{ kind: 'latency', cell: 'round-trip', contender: 'carillon-ts-c', p50UsAtMost: 1 },
  }
  const against = (figures: number[]) =>
    verdictOf(target, ['carillon-ts-c', 'p50Us', figures, 'round-trip'])
  t.is(against([0.6, 0.7, 0.8, 0.9, 1]), 'holds')
  t.is(against([1.1, 1.2, 1.3, 1.4, 1.5]), 'missed')
  t.is(against([0.8, 0.9, 1.1, 1.2, 1.3]), 'unsettled')
})

test('what was not measured is not judged', (t) => {
  const [target] = TARGETS
  if (target === undefined) throw new Error('there is no target')
  t.is(verdictOf(target, ['carillon-c-c', 'messagesPerS', [1], 'another']), undefined)
})

test('every target is of a cell in which its contender is measured', (t) => {
  for (const { cell, contender } of TARGETS) {
    t.true(CELLS.some(({ name }) => name === cell))
    t.true(
      CONTENDERS.some(
        ({ name, cells }) => name === contender && (cells as readonly string[]).includes(cell),
      ),
    )
  }
})
