import test from 'ava'
import { Pulse } from '../../../web/model/pulse.ts'

test('a counter that moves is a pulse, one that stands is none after a while', (t) => {
  const pulse = new Pulse()
  t.true(pulse.push(1, 10))
  t.true(pulse.push(1, 11))
  t.false(pulse.push(1, 11.6))
  t.true(pulse.push(2, 11.7))
  // Also when it wraps around.
  t.true(pulse.push(0, 20))
})

test('a server that begins anew begins a new pulse', (t) => {
  const pulse = new Pulse()
  pulse.push(7, 1000)
  t.true(pulse.push(7, 1))
  t.false(pulse.push(7, 3))
})
