import test from 'ava'
import { Rate } from '../../../web/model/rate.ts'

test('a rate is of the last second of the readings', (t) => {
  const rate = new Rate()
  t.is(rate.perSecond, 0)
  rate.push(1000, 10)
  t.is(rate.perSecond, 0)
  for (let tick = 1; tick <= 50; tick++) rate.push(1000 + tick * 40, 10 + tick / 10)
  t.is(Math.round(rate.perSecond), 400)
  for (let tick = 51; tick <= 65; tick++) rate.push(3000, 10 + tick / 10)
  t.is(rate.perSecond, 0)
})

test('after a pause it is of the pause: what a hidden tab did not draw is not lost', (t) => {
  const rate = new Rate()
  for (let tick = 0; tick <= 10; tick++) rate.push(tick * 10, tick / 10)
  rate.push(100 + 6000, 61)
  t.is(Math.round(rate.perSecond), 100)
})

test('a counter that begins anew, or a clock, begins a new rate', (t) => {
  const rate = new Rate()
  rate.push(500, 100)
  rate.push(600, 101)
  rate.push(5, 102)
  t.is(rate.perSecond, 0)
  rate.push(25, 102.5)
  t.is(rate.perSecond, 40)
  rate.push(30, 0.1)
  t.is(rate.perSecond, 0)
})

test('readings without end are not all kept', (t) => {
  const rate = new Rate()
  for (let i = 0; i < 10_000; i++) rate.push(i, i / 100_000)
  t.is(Math.round(rate.perSecond), 100_000)
})
