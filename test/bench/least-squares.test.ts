import test from 'ava'
import {
  FIT_POINTS_MAX,
  FIT_POINTS_MIN,
  fitLine,
  fitPowerLaw,
  type Point,
} from '../../bench/least-squares.ts'

const near = (value: number, wanted: number) => Math.abs(value - wanted) < 1e-9

/** Numbers from 0 to 1, the same every time. */
function numbers(): () => number {
  let state = 7
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
}

/** Normally distributed, of variance 1. */
function normals(): () => number {
  const next = numbers()
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next())
}

const POWERS_OF_TWO = [1, 2, 4, 8, 16, 32, 64, 128]

test('the exponent of a power law is found, with no doubt about it', (t) => {
  for (const exponent of [-1, -0.3, 0, 0.5, 1, 2]) {
    const points = POWERS_OF_TWO.map((x) => ({ x, y: 3 * x ** exponent }))
    const law = fitPowerLaw(points)
    t.true(law !== undefined && near(law.exponent.value, exponent), `${exponent}`)
    t.true(near(law?.exponent.low ?? 9, exponent) && near(law?.exponent.high ?? 9, exponent))
    t.true(near(law?.factor ?? 0, 3) && near(law?.farthestShare ?? 9, 0))
  }
})

test('the interval of an exponent holds the true one in 95 of 100 cases', (t) => {
  const next = normals()
  const cases = 2000
  let held = 0
  for (let i = 0; i < cases; i++) {
    const points = POWERS_OF_TWO.map((x) => ({ x, y: 5 * x ** 0.7 * Math.exp(0.1 * next()) }))
    const { low, high } = fitPowerLaw(points)?.exponent ?? { low: 9, high: -9 }
    if (low <= 0.7 && 0.7 <= high) held++
  }
  t.true(held / cases > 0.93 && held / cases < 0.97, `${held} of ${cases}`)
})

test('what is no power law has a wide interval, and a point that lies far off', (t) => {
  const law = fitPowerLaw(POWERS_OF_TWO.map((x) => ({ x, y: 10 + x })))
  t.true(law !== undefined && law.exponent.high - law.exponent.low > 0.2)
  t.true((law?.farthestShare ?? 0) > 0.3)
})

test('a line is found as a textbook has it', (t) => {
  // y = 2 + 3 x, and residuals of 1, -2, 1: variance 6, error of the slope sqrt(6 / 2).
  const line = fitLine([
    { x: 1, y: 6 },
    { x: 2, y: 6 },
    { x: 3, y: 12 },
  ])
  t.true(near(line?.slope.value ?? 0, 3) && near(line?.intercept.value ?? 0, 2))
  t.true(near(line?.slope.high ?? 0, 3 + 12.706 * Math.sqrt(3)))
  t.true(near(line?.intercept.low ?? 0, 2 - 12.706 * Math.sqrt(6 * (1 / 3 + 4 / 2))))
})

test('a weight of two is the point twice', (t) => {
  const points = [
    { x: 1, y: 1 },
    { x: 2, y: 5 },
    { x: 4, y: 6 },
  ]
  const weighted = fitLine(points, ({ x }) => (x === 2 ? 2 : 1))
  const twice = fitLine([...points, { x: 2, y: 5 }])
  t.true(near(weighted?.slope.value ?? 0, twice?.slope.value ?? 1))
  t.true(near(weighted?.intercept.value ?? 0, twice?.intercept.value ?? 1))
})

test('what no line can be laid through has none', (t) => {
  const straight = (count: number): Point[] =>
    Array.from({ length: count }, (_, i) => ({ x: i + 1, y: i + 1 }))
  t.is(fitLine(straight(FIT_POINTS_MIN - 1)), undefined)
  t.truthy(fitLine(straight(FIT_POINTS_MIN)))
  t.truthy(fitLine(straight(FIT_POINTS_MAX)))
  t.is(fitLine(straight(FIT_POINTS_MAX + 1)), undefined)
  t.is(fitLine([...Array(4)].map((_, i) => ({ x: 1, y: i }))), undefined)
  t.is(fitPowerLaw([{ x: 0, y: 1 }, ...straight(4)]), undefined)
  t.is(fitPowerLaw([{ x: 9, y: 0 }, ...straight(4)]), undefined)
})
