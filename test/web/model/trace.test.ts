import test from 'ava'
import fc from 'fast-check'
import { SampleHistory } from '../../../web/model/sample-history.ts'
import { peakOfTrace, traceOf } from '../../../web/model/trace.ts'

function historyOf(samples: Float32Array, channels = 1): SampleHistory {
  const history = new SampleHistory(1000, channels, 10)
  history.append(samples)
  return history
}

test('where there is room, each sample is a point', (t) => {
  const history = historyOf(Float32Array.of(1, 10, 2, 20, 3, 30), 2)
  t.deepEqual(traceOf(history, 1, 2, 100), {
    timesMs: [0, 1],
    channels: [
      [2, 3],
      [20, 30],
    ],
  })
})

test('where there is not, each column keeps its extremes: no peak is lost', (t) => {
  const samples = fc.float32Array({
    minLength: 3,
    maxLength: 2000,
    noNaN: true,
    noDefaultInfinity: true,
  })
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 300 }), (sound, columns) => {
      const history = historyOf(sound)
      const { timesMs, channels } = traceOf(history, 0, sound.length, columns)
      const points = (channels[0] ?? []).filter((point) => point !== null)
      t.is(Math.max(...points), Math.max(...sound))
      t.is(Math.min(...points), Math.min(...sound))
      t.is(peakOfTrace({ timesMs, channels }), Math.max(...sound.map(Math.abs)))
      t.is(channels[0]?.length, timesMs.length)
      t.true(timesMs.length <= 2 * columns + 2)
      t.true(timesMs.every((time, i) => i === 0 || time >= (timesMs[i - 1] ?? 0)))
      t.true((timesMs.at(-1) ?? 0) <= sound.length)
    }),
  )
})

test('what is missing is a hole, in either form', (t) => {
  const history = historyOf(new Float32Array(400).fill(0.5))
  history.appendGap(400)
  history.append(new Float32Array(200).fill(0.25))
  t.deepEqual(new Set(traceOf(history, 0, 1000, 1000).channels[0]), new Set([0.5, null, 0.25]))
  t.deepEqual(new Set(traceOf(history, 0, 1000, 100).channels[0]), new Set([0.5, null, 0.25]))
})

test('a window that is not full yet ends where the samples end', (t) => {
  const history = historyOf(new Float32Array(10))
  t.is(traceOf(history, 0, 100, 1000).timesMs.length, 10)
  t.is(traceOf(history, 10, 100, 10).timesMs.length, 0)
})
