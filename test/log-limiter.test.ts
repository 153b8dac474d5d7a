import { mock } from 'node:test'
import test from 'ava'
import { pino } from 'pino'
import { LogLimiter } from '../src/log-limiter.ts'

test.beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }))
test.afterEach(() => mock.timers.reset())

function limited() {
  const lines: unknown[] = []
  const write = (line: string) => {
    const { msg, n, leftOut } = JSON.parse(line)
    lines.push(leftOut === undefined ? [msg, n] : [msg, n, leftOut])
  }
  return { lines, log: new LogLimiter(pino({}, { write })) }
}

test.serial('of each kind one line a second is written, with the number left out', (t) => {
  const { lines, log } = limited()
  for (let n = 1; n <= 5; n++) log.log('warn', { n }, 'refused')
  log.log('warn', { n: 1 }, 'other')
  t.deepEqual(lines.splice(0), [
    ['refused', 1],
    ['other', 1],
  ])
  mock.timers.tick(999)
  t.deepEqual(lines, [])
  mock.timers.tick(1)
  t.deepEqual(lines.splice(0), [['refused', 5, 3]])
  log.log('warn', { n: 6 }, 'refused')
  t.deepEqual(lines, [])
  mock.timers.tick(1000)
  t.deepEqual(lines.splice(0), [['refused', 6]])
  mock.timers.tick(1000)
  log.log('warn', { n: 7 }, 'refused')
  t.deepEqual(lines, [['refused', 7]], 'after a quiet second at once')
})

test.serial('one message can be of several kinds', (t) => {
  const { lines, log } = limited()
  log.log('warn', { n: 1 }, 'gone', 'idle')
  log.log('warn', { n: 2 }, 'gone', 'slow')
  t.is(lines.length, 2)
})

test.serial('flush writes what was held back', (t) => {
  const { lines, log } = limited()
  for (let n = 1; n <= 3; n++) log.log('warn', { n }, 'refused')
  log.flush()
  log.flush()
  mock.timers.tick(5000)
  t.deepEqual(lines, [
    ['refused', 1],
    ['refused', 3, 1],
  ])
})
