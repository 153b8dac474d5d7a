/** What the benchmarks make of their samples, which are few: no normal distribution is assumed. */

/** An estimate, and the interval in which it lies with a confidence of 95 %. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** How often the rounds are drawn again: more does not move the second digit of an interval. */
const RESAMPLES = 5000
const CONFIDENCE = 0.95

/** @param values at least one; their order does not matter. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that the share `share` (0 to 1) of all values does not exceed, between two by line. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[below + 1] ?? low
  return low + (high - low) * (position - below)
}

/**
 * The median of `ours` over that of `theirs`, by bootstrap over rounds: values at the same place
 * are of the same round and are drawn together, since what slowed the machine slowed both.
 *
 * @param ours as many as `theirs`, at least one. With one there is no interval to speak of.
 */
export function ratioOfMedians(ours: readonly number[], theirs: readonly number[]): Estimate {
  const draw = randomIntegers(ours.length)
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const rounds = ours.map(draw)
    return ratio(pick(ours, rounds), pick(theirs, rounds))
  })
  return {
    value: ratio(ours, theirs),
    low: quantile(ratios, (1 - CONFIDENCE) / 2),
    high: quantile(ratios, (1 + CONFIDENCE) / 2),
  }
}

/** The median, by bootstrap over rounds as well. */
export function estimatedMedian(figures: readonly number[]): Estimate {
  return ratioOfMedians(
    figures,
    figures.map(() => 1),
  )
}

/**
 * How probable it is that two sets of samples differ in rank as much as these, or more, if nothing
 * but chance made them (Mann-Whitney, both sides, exact). 0.008 where five are all below five.
 */
export function chanceOfDifference(a: readonly number[], b: readonly number[]): number {
  let below = 0
  for (const x of a) {
    for (const y of b) below += x < y ? 1 : x === y ? 0.5 : 0
  }
  // Of the two sides, the rarer; a half is rounded towards the middle.
  const rarer = Math.ceil(Math.min(below, a.length * b.length - below))
  const ways = waysOfRank(a.length, b.length)
  const all = sum(ways)
  return Math.min(1, (2 * sum(ways.slice(0, rarer + 1))) / all)
}

/** In how many orders of `m` and `n` values exactly u of the pairs have the first below the second. */
function waysOfRank(m: number, n: number): number[] {
  // The coefficients of the Gaussian binomial (m + n over m): one factor after the other.
  let ways = [1]
  for (let i = 1; i <= m; i++) ways = dividedBy(timesOneMinus(ways, n + i), i)
  return ways.slice(0, m * n + 1)
}

/** The polynomial times (1 - x^power). */
function timesOneMinus(coefficients: readonly number[], power: number): number[] {
  return Array.from(
    { length: coefficients.length + power },
    (_, i) => (coefficients[i] ?? 0) - (coefficients[i - power] ?? 0),
  )
}

/** The polynomial over (1 - x^power), which divides it. */
function dividedBy(coefficients: readonly number[], power: number): number[] {
  const quotient: number[] = []
  for (const [i, coefficient] of coefficients.entries()) {
    quotient.push(coefficient + (quotient[i - power] ?? 0))
  }
  return quotient
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function ratio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours) / median(theirs)
}

function pick(values: readonly number[], places: readonly number[]): number[] {
  return places.map((place) => values[place] ?? Number.NaN)
}

/** Integers from 0 to below `limit`, the same sequence every time, so that a result can be had again. */
function randomIntegers(limit: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
