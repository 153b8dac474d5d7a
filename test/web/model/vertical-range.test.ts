import test from 'ava'
import { VerticalRange } from '../../../web/model/vertical-range.ts'

test('the axis ends at the next round value above the peak, at once', (t) => {
  for (const [peak, end] of [
    [0.0011, 0.002],
    [0.03, 0.05],
    [0.5, 0.5],
    [0.50001, 1],
    [1, 1],
    [1.1, 2],
    [7, 10],
  ] as const) {
    const range = new VerticalRange()
    range.push(peak, 0.1)
    t.is(Number(range.end.toPrecision(6)), end, `${peak}`)
  }
})

test('it follows a sound that grew softer after a while, to what it was since', (t) => {
  const range = new VerticalRange()
  range.push(0.9, 0.1)
  for (let i = 0; i < 4; i++) range.push(0.15, 0.1)
  t.is(range.end, 1)
  for (let i = 0; i < 10; i++) range.push(0.15, 0.1)
  t.is(range.end, 0.2)
})

test('neither silence nor what is no number moves its end out of sight', (t) => {
  for (const peak of [0, 1e-9, Number.NaN, Number.POSITIVE_INFINITY]) {
    const range = new VerticalRange()
    for (let i = 0; i < 100; i++) range.push(peak, 0.1)
    t.is(range.end, 0.001)
  }
})
