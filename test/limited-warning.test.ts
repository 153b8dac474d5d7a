import test from 'ava'
import { LimitedWarning } from '../src/limited-warning.ts'
import { recordingLogger } from './support/recording-logger.ts'

test('the first is told at once, the latest of the others when asked', (t) => {
  const { logger, lines } = recordingLogger()
  const warning = new LimitedWarning(logger, 'refused')
  for (let number = 1; number <= 1000; number++) warning.warn({ number })
  t.deepEqual(lines, [{ level: 40, number: 1, msg: 'refused' }])
  warning.flush()
  t.deepEqual(lines.slice(1), [{ level: 40, number: 1000, others: 998, msg: 'refused' }])
  warning.flush()
  t.is(lines.length, 2, 'and only once')
})

test('what waits is told a second later, and no more often than that', async (t) => {
  const { logger, lines, next } = recordingLogger()
  const warning = new LimitedWarning(logger, 'refused')
  const startedAtMs = performance.now()
  // The timer does not keep a process alive; this one has to be.
  const alive = setInterval(() => warning.warn({}), 1)
  while (lines.length < 3) await next()
  clearInterval(alive)
  t.true(performance.now() - startedAtMs > 1_900)
  t.true(lines.slice(1).every(({ others }) => Number(others) > 10))
})
