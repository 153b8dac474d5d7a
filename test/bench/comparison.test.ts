import test from 'ava'
import { compareResults } from '../../bench/comparison.ts'
import type { Results } from '../../bench/results.ts'
import { resultsOf, seriesOf } from './results-of.ts'

const STEADY = [100, 101, 102, 103, 104]

/** Throughput of this project and of the yardstick, in rounds. */
function rates(ours: readonly number[], yardstick: readonly number[] = STEADY): Results {
  return resultsOf([
    seriesOf('carillon', 'messagesPerS', ours),
    seriesOf('c-epoll', 'messagesPerS', yardstick),
  ])
}

const times = (figures: readonly number[], factor: number) => figures.map((each) => each * factor)

function verdicts(before: Results, after: Results): string[] {
  return compareResults(before, after).map(({ verdict }) => verdict)
}

test('a change of every round is beyond noise, either way', (t) => {
  t.deepEqual(verdicts(rates(STEADY), rates(times(STEADY, 0.9))), ['worse'])
  t.deepEqual(verdicts(rates(STEADY), rates(times(STEADY, 1.1))), ['better'])
})

test('rounds that overlap are within noise', (t) => {
  const before = rates([90, 100, 110, 120, 130])
  t.deepEqual(verdicts(before, rates([80, 85, 95, 100, 115])), ['within noise'])
})

test('a certain change that is small is within noise', (t) => {
  t.deepEqual(verdicts(rates(STEADY), rates(times(STEADY, 0.98))), ['within noise'])
})

test('a slower machine is no change', (t) => {
  const slower = rates(times(STEADY, 0.5), times(STEADY, 0.5))
  t.deepEqual(verdicts(rates(STEADY), slower), ['within noise'])
})

test('of latency and memory, less is better', (t) => {
  for (const metric of ['p99Us', 'bytesPerConnection']) {
    const of = (figures: readonly number[]) => resultsOf([seriesOf('carillon', metric, figures)])
    t.deepEqual(verdicts(of(STEADY), of(times(STEADY, 2))), ['worse'])
    t.deepEqual(verdicts(of(STEADY), of(times(STEADY, 0.5))), ['better'])
  }
})

test('only what both runs have is compared, and of this project only', (t) => {
  const more = resultsOf([
    ...rates(STEADY).series,
    seriesOf('carillon', 'messagesPerS', STEADY, 'pipelined'),
  ])
  const moves = compareResults(rates(STEADY), more)
  t.deepEqual(
    moves.map(({ cell, contender }) => [cell, contender]),
    [['bulk', 'carillon']],
  )
})

test('what cannot be compared is refused', (t) => {
  const whole = rates(STEADY)
  const refused: [Results, RegExp][] = [
    [{ ...whole, suite: 'rings' }, /two suites/],
    [{ ...whole, isQuick: true }, /--quick/],
    [rates([1, 2, 3, 4], [1, 2, 3, 4]), /at least 5 rounds/],
    [resultsOf([]), /no cell in common/],
  ]
  for (const [other, message] of refused) {
    t.throws(() => compareResults(whole, other), {
      code: 'ERR_CARILLON_BENCH_RESULTS',
      message,
    })
  }
})
