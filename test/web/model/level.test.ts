import test from 'ava'
import { PeakMeter, peaksOf, toDbfs } from '../../../web/model/level.ts'

test('the peak of each channel is its largest absolute value', (t) => {
  t.deepEqual(peaksOf(Float32Array.of(0.25, -0.5, -1, 0.125), 2), [1, 0.5])
  t.deepEqual(peaksOf(Float32Array.of(Number.NaN, 0.5), 1), [0.5])
  t.deepEqual(peaksOf(new Float32Array(), 2), [0, 0])
})

test('full scale is 0 dB, half of it -6 dB, silence has no end', (t) => {
  t.is(toDbfs(1), 0)
  t.is(toDbfs(0.5).toFixed(2), '-6.02')
  t.is(toDbfs(0), Number.NEGATIVE_INFINITY)
})

test('a meter rises at once, falls slowly, and holds its highest value a while', (t) => {
  const meter = new PeakMeter()
  t.is(meter.levelDb, Number.NEGATIVE_INFINITY)
  meter.push(1, 0.1)
  t.is(meter.levelDb, 0)
  for (let i = 0; i < 10; i++) meter.push(0, 0.1)
  t.is(Math.round(meter.levelDb), -12)
  t.is(meter.heldDb, 0)
  for (let i = 0; i < 10; i++) meter.push(0, 0.1)
  t.true(meter.heldDb < -12)
  t.true(meter.heldDb >= meter.levelDb)
  meter.push(0.5, 0.1)
  t.is(meter.levelDb.toFixed(1), '-6.0')
  t.is(meter.heldDb.toFixed(1), '-6.0')
})
