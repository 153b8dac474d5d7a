import test from 'ava'
import { CoreLoad } from '../../src/server/core-load.ts'

test('the load is the share of the time worked since ten readings ago', (t) => {
  const load = new CoreLoad()
  load.read(1, 0, 0)
  t.is(load.share, 0)
  load.read(1, 1000, 250)
  t.is(load.share, 0.25)
  for (let at = 2; at < 30; at++) load.read(1, at * 1000, 250)
  t.is(load.share, 0)
})

test('counters may wrap', (t) => {
  const load = new CoreLoad()
  load.read(1, 0xfffffff0, 0xfffffff8)
  load.read(1, 0x10, 0x8)
  t.is(load.share, 0.5)
})

test('a core that starts anew counts from nothing', (t) => {
  const load = new CoreLoad()
  load.read(1, 5_000_000, 500_000)
  load.read(2, 1000, 100)
  t.is(load.share, 0)
  load.read(2, 2000, 600)
  t.is(load.share, 0.5)
})

test('a core that is at one block for longer than the readings reach is as busy as it was', (t) => {
  const load = new CoreLoad()
  load.read(1, 0, 0)
  load.read(1, 1000, 900)
  for (let reading = 0; reading < 20; reading++) load.read(1, 1000, 900)
  t.is(load.share, 0.9)
  load.read(1, 3000, 2900)
  t.is(load.share, 1)
})
