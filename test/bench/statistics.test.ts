import test from 'ava'
import {
  chanceOfDifference,
  estimatedMedian,
  median,
  quantile,
  ratioOfMedians,
} from '../../bench/statistics.ts'

test('the median is the middle, or half way between the two in the middle', (t) => {
  t.is(median([3]), 3)
  t.is(median([9, 1, 5]), 5)
  t.is(median([4, 1, 3, 100]), 3.5)
  t.is(median([10, 9, 2]), 9)
})

test('a quantile lies between two values by line', (t) => {
  t.is(quantile([10, 20], 0.25), 12.5)
  t.is(quantile([3, 1, 2], 0), 1)
  t.is(quantile([3, 1, 2], 1), 3)
})

test('the interval of a ratio holds the ratio, and is the same every time', (t) => {
  const ours = [100, 104, 98, 110, 102]
  const theirs = [52, 49, 50, 51, 48]
  const { value, low, high } = ratioOfMedians(ours, theirs)
  t.is(value, 102 / 50)
  t.true(low < value && value < high)
  t.true(low >= 98 / 52 && high <= 110 / 48)
  t.deepEqual(ratioOfMedians(ours, theirs), { value, low, high })
})

test('what slowed both in a round does not widen the interval', (t) => {
  const theirs = [50, 25, 40, 10, 33]
  const ours = theirs.map((figure) => figure * 2)
  t.deepEqual(ratioOfMedians(ours, theirs), { value: 2, low: 2, high: 2 })
})

test('one round has a ratio and no interval', (t) => {
  t.deepEqual(ratioOfMedians([3], [2]), { value: 1.5, low: 1.5, high: 1.5 })
})

/** By trying all ways of dealing the values out to the two sides. */
function chanceByCounting(a: readonly number[], b: readonly number[]): number {
  const pairs = (x: readonly number[], y: readonly number[]) =>
    x.reduce((count, value) => count + y.filter((other) => value < other).length, 0)
  const all = [...a, ...b]
  const middle = (a.length * b.length) / 2
  const seen = Math.abs(pairs(a, b) - middle)
  let [deals, asFar] = [0, 0]
  for (let mask = 0; mask < 1 << all.length; mask++) {
    const first = all.filter((_, i) => mask & (1 << i))
    if (first.length !== a.length) continue
    deals++
    const second = all.filter((_, i) => !(mask & (1 << i)))
    if (Math.abs(pairs(first, second) - middle) >= seen) asFar++
  }
  return asFar / deals
}

test('the chance of a difference is what counting all orders gives', (t) => {
  t.is(chanceOfDifference([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
  t.is(chanceOfDifference([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]), 2 / 252)
  for (const [a, b] of [
    [[1], [2]],
    [
      [1, 5, 9],
      [2, 3],
    ],
    [
      [1, 2, 4, 5, 11],
      [3, 6, 7, 8, 9, 10],
    ],
    [
      [10, 1, 3],
      [2, 4, 5, 6, 7, 8, 9],
    ],
  ] as const) {
    const counted = chanceByCounting(a, b)
    t.true(Math.abs(chanceOfDifference(a, b) - counted) < 1e-12, `${a} and ${b}: ${counted}`)
  }
})

test('the same values make no difference', (t) => {
  t.is(chanceOfDifference([5, 5, 5, 5, 5], [5, 5, 5, 5, 5]), 1)
  t.is(chanceOfDifference([1, 2, 3], [1, 2, 3]), 1)
})

test('the most rounds that there may be are still counted exactly', (t) => {
  const low = Array.from({ length: 25 }, (_, i) => i)
  const high = low.map((value) => value + 100)
  // 50 over 25.
  t.is(chanceOfDifference(low, high), 2 / 126410606437752)
})

test('a median has an interval that holds it', (t) => {
  const { value, low, high } = estimatedMedian([100, 104, 98, 110, 102])
  t.is(value, 102)
  t.true(98 <= low && low < value && value < high && high <= 110)
})
