import test from 'ava'
import { Backoff } from '../../../web/model/backoff.ts'

test('each wait is twice as long as the one before, up to a limit', (t) => {
  const backoff = new Backoff()
  const delays = Array.from({ length: 7 }, () => backoff.next(0))
  t.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 8000, 8000])
  backoff.reset()
  t.is(backoff.next(0), 500)
})

test('pages do not come back all at once', (t) => {
  t.is(new Backoff().next(1), 625)
  for (let i = 0; i < 100; i++) {
    const delay = new Backoff().next()
    t.true(delay >= 500 && delay <= 625)
  }
})

test('a server that stays away for days is still tried', (t) => {
  const backoff = new Backoff()
  for (let i = 0; i < 5000; i++) backoff.next(0)
  t.is(backoff.next(0), 8000)
})
