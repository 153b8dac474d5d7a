import test from 'ava'
import { CELLS } from '../../../bench/virt/cells.ts'
import { KINDS, YARDSTICK } from '../../../bench/virt/contenders.ts'
import { judge } from '../../../bench/virt/judgement.ts'
import { TARGETS, type Target } from '../../../bench/virt/targets.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

const TARGET: Target = { cell: 'quiet', kind: 'virt', atMost: 3 }

function verdictOf(figures: readonly number[], cell = 'quiet', kind = 'virt') {
  return judge(resultsOf([seriesOf(kind, 'cpuPercent', figures, cell)]), [TARGET])[0]?.verdict
}

test('a figure has a ceiling', (t) => {
  t.is(verdictOf([2.6, 2.7, 2.8, 2.9, 3]), 'holds')
  t.is(verdictOf([3.1, 3.2, 3.3, 3.4, 3.5]), 'missed')
  t.is(verdictOf([2.8, 2.9, 3.1, 3.2, 3.3]), 'unsettled')
})

test('what was not measured is not judged', (t) => {
  t.is(verdictOf([1], 'start'), undefined)
  t.is(verdictOf([1], 'quiet', 'hosted'), undefined)
})

test('every target is of a cell and a kind of core that are measured', (t) => {
  for (const { cell, kind } of TARGETS) {
    t.true(CELLS.some(({ name }) => name === cell))
    t.true(KINDS.some((each) => each === kind))
  }
  t.true(KINDS.includes(YARDSTICK))
})
