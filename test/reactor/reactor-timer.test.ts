import test from 'ava'
import { HIGHEST_TIMER_US } from '../../src/reactor/limits.ts'
import { Calls } from './calls.ts'
import { reactorOf, settle } from './reactor-of.ts'

function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('a timer goes off once, no sooner than it was set for', async (t) => {
  const reactor = reactorOf(t)
  for (const us of [1, 300, 20_000]) {
    const calls = new Calls<number>()
    const timer = reactor.timer(calls.note)
    const begin = process.hrtime.bigint()
    timer.set(us)
    await calls.untilTold(1)
    t.true(process.hrtime.bigint() - begin >= BigInt(us) * 1000n)
    await settle(reactor)
    t.deepEqual(calls.told, [1])
    timer.close()
  }
})

test('an interval goes on, and tells how often it went off meanwhile', async (t) => {
  const reactor = reactorOf(t)
  const calls = new Calls<number>()
  const timer = reactor.timer((count) => {
    if (calls.told.length === 0) busyFor(20)
    calls.note(count)
  })
  const begin = performance.now()
  timer.set(100, 1000)
  await calls.untilTold(5)
  const elapsedMs = performance.now() - begin
  timer.close()
  const [, second = 0] = calls.told
  t.true(second >= 19, `${calls.told}`)
  const expirations = calls.told.reduce((sum, count) => sum + count)
  t.true(expirations <= elapsedMs + 1, `${expirations} in ${elapsedMs} ms`)
})

test('a timer that is stopped, set anew or closed in the batch that tells it is silent', async (t) => {
  const reactor = reactorOf(t)
  const calls = new Calls<string>()
  const others: ((firstUs: number) => void)[] = []
  const race = ['a', 'b', 'c'].map((name) =>
    reactor.timer(() => {
      calls.note(name)
      for (const end of others) end(0)
    }),
  )
  const [a, b, c] = race
  if (!a || !b || !c) throw new Error('three')
  others.push(
    (us) => a.set(us),
    () => b.set(HIGHEST_TIMER_US),
    () => c.close(),
  )
  for (const timer of race) timer.set(1)
  busyFor(2)
  await calls.untilTold(1)
  await settle(reactor)
  t.is(calls.told.length, 1)
  a.set(1)
  await calls.untilTold(2)
  t.is(calls.told[1], 'a')
})

test('what was set before is forgotten', async (t) => {
  const reactor = reactorOf(t)
  const calls = new Calls<number>()
  const timer = reactor.timer(calls.note)
  timer.set(1, 1)
  timer.set(0, 1)
  await settle(reactor)
  t.deepEqual(calls.told, [])
  timer.set(HIGHEST_TIMER_US, HIGHEST_TIMER_US)
  await settle(reactor)
  t.deepEqual(calls.told, [])
  timer.set(1)
  await calls.untilTold(1)
  timer.close()
  timer.close()
  timer.set(1)
  await settle(reactor)
  t.deepEqual(calls.told, [1])
})

test('times are integers of 0 to 2^52 microseconds', (t) => {
  const timer = reactorOf(t).timer(() => {})
  for (const wrong of [-1, 0.5, HIGHEST_TIMER_US + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => timer.set(wrong), { code: 'ERR_CARILLON_ARGUMENT', message: /firstUs/ })
    t.throws(() => timer.set(1, wrong), { code: 'ERR_CARILLON_ARGUMENT', message: /intervalUs/ })
  }
})

test('many timers each go off', async (t) => {
  const reactor = reactorOf(t)
  const calls = new Calls<number>()
  for (let index = 0; index < 300; index++) {
    reactor.timer(() => calls.note(index)).set(1 + index * 10)
  }
  await calls.untilTold(300)
  t.is(new Set(calls.told).size, 300)
})
