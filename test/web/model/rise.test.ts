import test from 'ava'
import { Rise } from '../../../web/model/rise.ts'

test('a counter has risen of late for ten seconds', (t) => {
  const rise = new Rise()
  t.false(rise.push(37, 1))
  t.false(rise.push(37, 2))
  t.true(rise.push(38, 3))
  t.true(rise.push(38, 12.9))
  t.false(rise.push(38, 13))
})

test('a counter that begins anew, or a clock, has not risen', (t) => {
  const rise = new Rise()
  rise.push(5, 100)
  t.true(rise.push(6, 101))
  t.false(rise.push(6, 1))
  t.false(rise.push(0, 2))
  t.true(rise.push(1, 3))
})
