import test from 'ava'
import fc from 'fast-check'
import { SampleHistory } from '../../../web/model/sample-history.ts'
import { triggeredStart } from '../../../web/model/trigger.ts'

const RATE = 48_000
const WINDOW = 960

function historyOf(frames: number, sound: (frame: number) => number): SampleHistory {
  const history = new SampleHistory(RATE, 1, 1)
  history.append(Float32Array.from({ length: frames }, (_, frame) => sound(frame)))
  return history
}

test('the window of a periodic sound begins where it rises through zero, whatever its phase', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 4000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (hz, phase) => {
        const history = historyOf(RATE / 2, (frame) =>
          Math.sin(2 * Math.PI * ((hz * frame) / RATE + phase)),
        )
        const start = triggeredStart(history, WINDOW)
        t.true(start + WINDOW <= history.newest)
        t.true(history.at(0, start - 1) < 0 && history.at(0, start) >= 0)
      },
    ),
  )
})

test('a small ripple at zero does not count as a rise', (t) => {
  const period = 480
  const history = historyOf(RATE / 2, (frame) => {
    const ripple = 0.05 * Math.sin((2 * Math.PI * frame) / 7)
    return Math.sin((2 * Math.PI * frame) / period) + ripple
  })
  const start = triggeredStart(history, WINDOW)
  const phase = (start % period) / period
  t.true(phase < 0.05 || phase > 0.95, `phase ${phase}`)
})

test('what never rises through zero is shown as it comes', (t) => {
  for (const sound of [() => 0, () => 0.5, () => -0.5, () => Number.NaN]) {
    t.is(triggeredStart(historyOf(10_000, sound), WINDOW), 10_000 - WINDOW)
  }
})

test('less than a window is shown from its beginning', (t) => {
  t.is(
    triggeredStart(
      historyOf(100, () => 0),
      WINDOW,
    ),
    0,
  )
  t.is(
    triggeredStart(
      historyOf(0, () => 0),
      WINDOW,
    ),
    0,
  )
})
