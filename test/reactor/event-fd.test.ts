import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { EventFd } from '../../src/reactor/event-fd.ts'
import type { Watch } from '../../src/reactor/watches.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Calls } from './calls.ts'
import type { EventFdThreadData } from './event-fd-thread.ts'
import { openFifo } from './fifo.ts'
import { reactorOf, settle } from './reactor-of.ts'

function eventFd(t: ExecutionContext): EventFd {
  const made = EventFd.create()
  t.teardown(() => made.close())
  return made
}

/**
 * One that gets the number which `free` has freed. Any thread of the process may take it first, so
 * that it can need several tries.
 */
function nextWithNumber(t: ExecutionContext, free: () => number): EventFd {
  for (let tries = 0; tries < 1000; tries++) {
    const number = free()
    for (let others = 0; others < 20; others++) {
      const other = eventFd(t)
      if (other.fd === number) return other
    }
  }
  throw new Error('nobody got the number')
}

function startThread(workerData: EventFdThreadData): Worker {
  return new Worker(join(import.meta.dirname, 'event-fd-thread.js'), { workerData })
}

/** An eventfd of this process whose counter is full: one more would have to wait. */
function fill(fd: number): void {
  const count = Buffer.alloc(8)
  count.writeBigUInt64LE(2n ** 64n - 2n)
  writeSync(fd, count)
}

test('any number of signals are one wake-up, which tells how many', async (t) => {
  const reactor = reactorOf(t)
  const bell = eventFd(t)
  const calls = new Calls<number>()
  reactor.watchEventFd(bell, calls.note)
  for (let count = 0; count < 1000; count++) t.true(bell.signal())
  await calls.untilTold(1)
  t.true(bell.signal())
  await calls.untilTold(2)
  await settle(reactor)
  t.deepEqual(calls.told, [1000, 1])
})

test.serial('a signal after the watch was closed wakes nobody', async (t) => {
  const reactor = reactorOf(t)
  const bell = eventFd(t)
  reactor.watchEventFd(bell, () => t.fail()).close()
  bell.signal()
  await settle(reactor)
  const before = reactor.stats().wakeups
  // Of a timer that is set for later, the only wake-up is its own.
  const calls = new Calls<number>()
  const timer = reactor.timer(calls.note)
  timer.set(20_000)
  await calls.untilTold(1)
  timer.close()
  t.is(reactor.stats().wakeups - before, 1)
})

test('another thread signals it by its handle', async (t) => {
  const reactor = reactorOf(t)
  const bell = eventFd(t)
  const calls = new Calls<number>()
  reactor.watchEventFd(bell, calls.note)
  const thread = startThread({ signal: bell.handle, times: 5000 })
  const ended = once(thread, 'exit')
  const [answers] = await once(thread, 'message')
  t.deepEqual(answers, { signalled: 5000 })
  const sum = () => calls.told.reduce((total, count) => total + count, 0)
  await calls.until(() => sum() === 5000)
  await ended
})

test('another process signals it through the descriptor that it inherits', async (t) => {
  const reactor = reactorOf(t)
  const bell = eventFd(t)
  const calls = new Calls<number>()
  reactor.watchEventFd(bell, calls.note)
  execFileSync('sh', ['-c', String.raw`printf '\003\0\0\0\0\0\0\0' >&3`], {
    stdio: ['ignore', 'inherit', 'inherit', bell.fd],
  })
  await calls.untilTold(1)
  t.deepEqual(calls.told, [3])
})

test('an adopted one is a copy with a life of its own', async (t) => {
  const reactor = reactorOf(t)
  const bell = EventFd.create()
  const adopted = EventFd.adopt(bell.fd)
  t.teardown(() => adopted.close())
  t.not(adopted.fd, bell.fd)
  const calls = new Calls<number>()
  reactor.watchEventFd(adopted, calls.note)
  t.true(bell.signal())
  await calls.untilTold(1)
  bell.close()
  t.true(adopted.signal())
  await calls.untilTold(2)
  t.deepEqual(calls.told, [1, 1])
})

test('what is no eventfd is not adopted', (t) => {
  const fifo = openFifo(t)
  const fd = openSync(join(temporaryFolder(t), '[eventfd]'), 'w')
  t.teardown(() => closeSync(fd))
  t.throws(() => EventFd.adopt(fifo.writeFd), { code: 'EINVAL' })
  t.throws(() => EventFd.adopt(fd), { code: 'EINVAL' })
  t.throws(() => EventFd.adopt(2 ** 31 - 1), { code: 'EBADF' })
  for (const wrong of [-1, 0.5, 2 ** 31]) {
    t.throws(() => EventFd.adopt(wrong), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('a signal after close answers false, and goes to nobody', async (t) => {
  const reactor = reactorOf(t)
  let bell = EventFd.create()
  let { handle } = bell
  const other = nextWithNumber(t, () => {
    bell = EventFd.create()
    handle = bell.handle
    const { fd } = bell
    bell.close()
    bell.close()
    return fd
  })
  t.is(bell.fd, -1)
  reactor.watchEventFd(other, () => t.fail())
  t.false(bell.signal())
  t.false(EventFd.from(handle).signal())
  const thread = startThread({ signal: handle, times: 10 })
  const ended = once(thread, 'exit')
  t.deepEqual(await once(thread, 'message'), [{ signalled: 0 }])
  await ended
  await settle(reactor)
  t.throws(() => reactor.watchEventFd(bell, () => {}), { code: 'EBADF' })
  t.not(other.handle.eventFd, handle.eventFd)
})

test('one that is closed while it is watched takes nothing from who gets its number', async (t) => {
  const reactor = reactorOf(t)
  const calls = new Calls<string>()
  const watches: Watch[] = []
  const second = nextWithNumber(t, () => {
    const first = EventFd.create()
    watches.push(reactor.watchEventFd(first, () => calls.note('first')))
    const { fd } = first
    first.close()
    return fd
  })
  reactor.watchEventFd(second, () => calls.note('second'))
  for (const watch of watches) watch.close()
  second.signal()
  await calls.untilTold(1)
  await settle(reactor)
  t.deepEqual(calls.told, ['second'])
})

test('a full counter is a signal that was given already', async (t) => {
  const reactor = reactorOf(t)
  const bell = eventFd(t)
  fill(bell.fd)
  t.true(bell.signal())
  const calls = new Calls<number>()
  reactor.watchEventFd(bell, calls.note)
  await calls.untilTold(1)
  t.true(bell.signal())
  await calls.untilTold(2)
  t.deepEqual(calls.told, [2 ** 31 - 1, 1])
})

test('one that is adopted blocks nobody, however its maker opened it', (t) => {
  const bell = eventFd(t)
  // Reads from an empty counter: a blocking descriptor would not come back.
  const adopted = EventFd.adopt(bell.fd)
  t.teardown(() => adopted.close())
  t.throws(() => readSync(adopted.fd, Buffer.alloc(8)), { code: 'EAGAIN' })
})

test('signals while nobody wants to hear are told later', async (t) => {
  const reactor = reactorOf(t)
  const bells = [eventFd(t), eventFd(t)]
  const calls = new Calls<number>()
  const watches = bells.map((bell, index) =>
    reactor.watchEventFd(bell, (count) => {
      watches[1 - index]?.update({})
      calls.note(count)
    }),
  )
  for (const bell of bells) for (let count = 0; count < 3; count++) bell.signal()
  await calls.untilTold(1)
  await settle(reactor)
  t.deepEqual(calls.told, [3])
  for (const bell of bells) bell.signal()
  await calls.untilTold(2)
  for (const watch of watches) watch.update({ readable: true })
  await calls.until(() => calls.told.reduce((sum, count) => sum + count) === 8)
  for (const watch of watches) {
    watch.close()
    watch.close()
    watch.update({ readable: true })
  }
  for (const bell of bells) bell.signal()
  await settle(reactor)
  t.is(
    calls.told.reduce((sum, count) => sum + count),
    8,
  )
})

test('a thread that ends closes what it made', async (t) => {
  const thread = startThread({ make: true })
  const [handle] = await once(thread, 'message')
  const bell = EventFd.from(handle)
  t.true(bell.signal())
  t.true(bell.fd >= 0)
  await thread.terminate()
  t.false(bell.signal())
  t.is(bell.fd, -1)
})
