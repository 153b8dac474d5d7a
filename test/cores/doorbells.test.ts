import { once } from 'node:events'
import test from 'ava'
import { EventFdDoorbell } from '../../src/cores/event-fd-doorbell.ts'
import { SocketDoorbell } from '../../src/cores/socket-doorbell.ts'
import {
  TIMER_DOORBELL_US_MAX,
  TIMER_DOORBELL_US_MIN,
  TimerDoorbell,
} from '../../src/cores/timer-doorbell.ts'
import { UioDoorbell } from '../../src/cores/uio-doorbell.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { Calls } from '../reactor/calls.ts'
import { settle } from '../reactor/reactor-of.ts'
import { descriptorOf, socketPair } from '../reactor/socket-pair.ts'

test('eventfds ring either way, and bells before the other looks are one', async (t) => {
  const hostBells = new Calls<void>()
  const host = EventFdDoorbell.create(hostBells.note)
  const coreBells = new Calls<void>()
  // The core's end: what the host rings, it waits at.
  const core = EventFdDoorbell.adopt(host.fds.ring, host.fds.wait, coreBells.note)
  for (let count = 0; count < 5; count++) host.ring()
  await coreBells.untilTold(1)
  core.ring()
  await hostBells.untilTold(1)
  await settle(Reactor.shared)
  t.is(coreBells.told.length, 1)
  t.is(hostBells.told.length, 1)
  for (const end of [host, core, host]) end.close()
  host.ring()
  core.ring()
  await settle(Reactor.shared)
  t.is(hostBells.told.length, 1)
})

test('what is no eventfd is no doorbell, and nothing is left open', (t) => {
  const real = EventFd.create()
  t.teardown(() => real.close())
  const free = EventFd.create()
  const { fd } = free
  free.close()
  t.throws(() => EventFdDoorbell.adopt(real.fd, 1, () => {}), { code: 'EINVAL' })
  const next = EventFd.create()
  t.teardown(() => next.close())
  t.is(next.fd, fd)
})

test('a socket rings either way, and is never written to where the bell still stands', async (t) => {
  const [here, there] = await socketPair(t)
  const bells = new Calls<void>()
  const host = new SocketDoorbell(here, () => bells.note())
  let rung = 0
  for (; here.writableLength === 0; rung++) host.ring()
  for (let count = 0; count < 5; count++) host.ring()
  t.is(
    here.writableLength,
    1,
    'the bell that the kernel has no room for stands for all that follow',
  )
  const core = new Calls<number>()
  there.on('data', (bytes) => core.note(bytes.length)).resume()
  const heard = () => core.told.reduce((sum, bytes) => sum + bytes, 0)
  while (heard() < rung) await core.untilTold(core.told.length + 1)
  host.ring()
  while (heard() < rung + 1) await core.untilTold(core.told.length + 1)
  t.is(heard(), rung + 1)
  there.write('\0')
  await bells.untilTold(1)
  const closed = once(there, 'close')
  host.close()
  host.ring()
  host.close()
  await closed
  t.pass()
})

test('a core that resets its socket is no error', async (t) => {
  const [here, there] = await socketPair(t)
  const host = new SocketDoorbell(here, () => {})
  const closed = once(here, 'close')
  there.destroy()
  await closed
  host.ring()
  host.close()
  t.pass()
})

test('a timer looks again and again until it is closed', async (t) => {
  const looks = new Calls<void>()
  const bell = new TimerDoorbell(looks.note, TIMER_DOORBELL_US_MIN)
  bell.ring()
  await looks.untilTold(3)
  bell.close()
  bell.close()
  const { length } = looks.told
  await settle(Reactor.shared)
  t.is(looks.told.length, length)
})

test('the period of a timer is 50 microseconds to a second', (t) => {
  for (const period of [TIMER_DOORBELL_US_MIN - 1, TIMER_DOORBELL_US_MAX + 1, 0.5, Number.NaN]) {
    t.throws(() => new TimerDoorbell(() => {}, period), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  for (const period of [TIMER_DOORBELL_US_MIN, TIMER_DOORBELL_US_MAX]) {
    new TimerDoorbell(() => {}, period).close()
  }
  t.pass()
})

test('an interrupt of a UIO device is read, enabled again, and told', async (t) => {
  // A connected socket stands for the device: its reads and writes are as independent.
  const [device, kernel] = await socketPair(t)
  const enabled = new Calls<string>()
  kernel.on('data', (bytes: Buffer) => enabled.note(bytes.toString('hex')))
  kernel.resume()
  const rings = new Calls<void>()
  const interrupts = new Calls<void>()
  const bell = new UioDoorbell(descriptorOf(device), rings.note, interrupts.note)
  t.teardown(() => bell.close())
  await enabled.untilTold(1)
  t.is(enabled.told[0], '01000000')
  kernel.write(Uint8Array.of(1, 0, 0, 0))
  await interrupts.untilTold(1)
  await enabled.untilTold(2)
  kernel.write(Uint8Array.of(2, 0, 0, 0))
  await interrupts.untilTold(2)
  await enabled.until(() => enabled.told.join('') === '01000000'.repeat(3))
  bell.ring()
  t.is(rings.told.length, 1)
  bell.close()
  kernel.write(Uint8Array.of(3, 0, 0, 0))
  await settle(Reactor.shared)
  t.is(interrupts.told.length, 2)
})
