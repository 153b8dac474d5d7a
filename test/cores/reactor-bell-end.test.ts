import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { CoresDoorbell } from '../../src/cores/cores-doorbell.ts'
import { ReactorBellEnd } from '../../src/cores/reactor-bell-end.ts'
import { BellSocket } from '../../src/reactor/bell-socket.ts'
import { Calls } from '../reactor/calls.ts'
import { reactorOf, settle } from '../reactor/reactor-of.ts'

/** Of the two timers that `settle` waits for. */
const SETTLING_EVENTS = 2

/** More than a socket takes. */
const BELLS_MAX = 1_000_000

function doorbell(t: ExecutionContext) {
  const reactor = reactorOf(t)
  const socket = BellSocket.create()
  const rung = new Calls<number>()
  const host = new CoresDoorbell((tell) => new ReactorBellEnd(socket, tell, reactor), rung.note)
  t.teardown(() => host.close())
  return { reactor, socket, rung, host }
}

/** A machine that gives back each bell. */
function startMachine(t: ExecutionContext, socket: BellSocket) {
  const machine = spawn('cat', { stdio: [socket.peerFd, socket.peerFd, 'inherit'] })
  socket.closePeer()
  const ended = once(machine, 'exit')
  t.teardown(async () => {
    machine.kill('SIGKILL')
    await ended
  })
  return { machine, ended }
}

async function untilRung(rung: Calls<number>, cores: readonly number[]) {
  while (cores.some((core) => !rung.told.includes(core))) await rung.untilTold(rung.told.length + 1)
}

test('a bell says for which cores it is', async (t) => {
  const { socket, rung, host } = doorbell(t)
  startMachine(t, socket)
  for (const core of [2, 0, 7]) {
    host.ring(core)
    await rung.untilTold(rung.told.length + 1)
    t.is(rung.told.at(-1), core)
  }
})

test('bells that a full socket has no room for are one, and none is forgotten', async (t) => {
  const { reactor, socket, rung, host } = doorbell(t)
  let count = 0
  while (socket.ring(0b0100) && count < BELLS_MAX) count++
  t.true(count > 0 && count < BELLS_MAX)
  for (let round = 0; round < 100; round++) for (const core of [3, 0, 1]) host.ring(core)
  await settle(reactor)
  t.deepEqual(rung.told, [])
  startMachine(t, socket)
  await untilRung(rung, [0, 1, 2, 3])
  const before = rung.told.length
  host.ring(5)
  await untilRung(rung, [5])
  t.deepEqual(
    rung.told.slice(before).filter((core) => core === 5),
    [5],
  )
})

test('a machine that ends is rung without harm, and its end keeps nobody busy', async (t) => {
  const { reactor, socket, host } = doorbell(t)
  const { machine, ended } = startMachine(t, socket)
  machine.kill('SIGKILL')
  await ended
  while (socket.take() !== undefined) await settle(reactor)
  await settle(reactor)
  const { events } = reactor.stats()
  for (let count = 0; count < 10; count++) host.ring(0)
  await settle(reactor)
  t.is(reactor.stats().events - events, SETTLING_EVENTS)
  host.close()
  host.close()
  host.ring(1)
  t.is(socket.fd, -1)
  t.is(socket.peerFd, -1)
})
