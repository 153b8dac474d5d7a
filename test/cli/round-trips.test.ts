import test from 'ava'
import { RoundTripRecorder } from '../../src/cli/round-trips.ts'

test('the middle and the slow end of the round trips', (t) => {
  const recorder = new RoundTripRecorder()
  for (let ms = 1; ms <= 1000; ms++) recorder.record(ms)
  const { p50Ms = 0, p99Ms = 0 } = recorder.summary() ?? {}
  t.true(Math.abs(p50Ms - 500) <= 1, `${p50Ms}`)
  t.true(Math.abs(p99Ms - 990) <= 2, `${p99Ms}`)
})

test('without a block there is none', (t) => {
  t.is(new RoundTripRecorder().summary(), undefined)
})

test('no value is too small or too large', (t) => {
  const recorder = new RoundTripRecorder()
  recorder.record(0)
  recorder.record(1e12)
  t.deepEqual(recorder.summary()?.p50Ms, 0.001)
  t.true((recorder.summary()?.p99Ms ?? 0) >= 3_600_000)
})
