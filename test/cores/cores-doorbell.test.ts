import { once } from 'node:events'
import test from 'ava'
import { CoresDoorbell } from '../../src/cores/cores-doorbell.ts'
import { NetBellEnd } from '../../src/cores/net-bell-end.ts'
import { Calls } from '../reactor/calls.ts'
import { socketPair } from '../reactor/socket-pair.ts'

test('a bell says for which cores it is, and those of several may be one byte', async (t) => {
  const [here, there] = await socketPair(t)
  const host = new CoresDoorbell(
    (tell) => new NetBellEnd(here, tell),
    () => {},
  )
  let count = 0
  for (; here.writableLength === 0; count++) host.ring(2)
  for (let round = 0; round < 100; round++) for (const core of [3, 0, 1]) host.ring(core)
  t.is(here.writableLength, 1, 'one bell waits in the socket, and the others behind it together')
  const rung = new Calls<number>()
  there
    .on('data', (bytes) => {
      for (const byte of bytes) rung.note(byte)
    })
    .resume()
  await rung.untilTold(count + 1)
  t.deepEqual([...new Set(rung.told.slice(0, count))], [0b0100])
  t.deepEqual(rung.told.slice(count), [0b1011])
  host.ring(2)
  await rung.untilTold(count + 2)
  t.is(rung.told.at(-1), 0b0100)
  host.close()
})

test('a bell is heard for each core that rang', async (t) => {
  const [here, there] = await socketPair(t)
  const rung = new Calls<number>()
  const host = new CoresDoorbell((tell) => new NetBellEnd(here, tell), rung.note)
  there.write(Uint8Array.of(0b1001, 0b0001))
  await rung.untilTold(2)
  t.deepEqual(new Set(rung.told), new Set([0, 3]))
  there.write(Uint8Array.of(0))
  there.write(Uint8Array.of(0b0010))
  while (rung.told.at(-1) !== 1) await rung.untilTold(rung.told.length + 1)
  t.deepEqual(new Set(rung.told), new Set([0, 3, 1]))
  host.close()
})

test('a machine that ends, or a doorbell that is closed, is rung without harm', async (t) => {
  const [here, there] = await socketPair(t)
  const host = new CoresDoorbell(
    (tell) => new NetBellEnd(here, tell),
    () => t.fail('nobody rang'),
  )
  const closed = once(here, 'close')
  there.destroy()
  for (let count = 0; count < 10; count++) host.ring(0)
  host.close()
  host.close()
  await closed
  host.ring(1)
  t.true(here.destroyed)
})
