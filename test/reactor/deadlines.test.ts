import { mock } from 'node:test'
import test from 'ava'
import { Deadlines } from '../../src/reactor/deadlines.ts'

const limits = {
  idleTimeoutMs: 0,
  handshakeTimeoutMs: 0,
  messageTimeoutMs: 0,
  closeTimeoutMs: 5000,
}

test.beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }))
test.afterEach(() => mock.timers.reset())

/** When the time was found to be over, of something that happened `offsetMs` after the first tick. */
function overAfter(timeoutMs: number, offsetMs: number): number {
  const deadlines = new Deadlines({ ...limits, idleTimeoutMs: timeoutMs })
  let since = -1
  let overAt = -1
  let now = 0
  const client = {
    checkDeadlines: () => {
      if (since >= 0 && overAt < 0 && deadlines.isOver(since, timeoutMs)) overAt = now
    },
  }
  deadlines.watch(client)
  while (overAt < 0) {
    if (now === offsetMs) since = deadlines.tick
    now++
    mock.timers.tick(1)
  }
  deadlines.unwatch(client)
  return overAt - offsetMs
}

for (const timeoutMs of [1, 50, 100, 333, 1000, 10_000]) {
  test.serial(`${timeoutMs} ms are never short, and long by a quarter or 100 ms at most`, (t) => {
    for (const offsetMs of [0, 1, 49, 50, 51, 124, 125, 126, 999]) {
      const took = overAfter(timeoutMs, offsetMs)
      t.true(took >= timeoutMs, `${took} ms`)
      t.true(took <= timeoutMs + Math.max(timeoutMs / 4, 100), `${took} ms`)
    }
  })
}

test.serial('a long limit is looked at once a second, a short one 20 times', (t) => {
  t.is(new Deadlines({ ...limits, closeTimeoutMs: 3_600_000 }).tickMs, 1000)
  t.is(new Deadlines({ ...limits, messageTimeoutMs: 10, closeTimeoutMs: 0 }).tickMs, 50)
  t.is(new Deadlines(limits).tickMs, 625)
})

test.serial('the clock stands where nobody is watched', (t) => {
  const deadlines = new Deadlines(limits)
  const [first, second] = [{ checkDeadlines() {} }, { checkDeadlines() {} }]
  mock.timers.tick(10_000)
  t.is(deadlines.tick, 0)
  deadlines.watch(first)
  deadlines.watch(second)
  deadlines.unwatch(first)
  mock.timers.tick(1250)
  t.is(deadlines.tick, 2)
  deadlines.unwatch(second)
  mock.timers.tick(10_000)
  t.is(deadlines.tick, 2)
})

test.serial('who is taken out by another is not asked any more', (t) => {
  const deadlines = new Deadlines(limits)
  let asked = 0
  const second = { checkDeadlines: () => asked++ }
  const first = { checkDeadlines: () => deadlines.unwatch(second) }
  deadlines.watch(first)
  deadlines.watch(second)
  mock.timers.tick(625)
  t.is(asked, 0)
  deadlines.unwatch(first)
})
