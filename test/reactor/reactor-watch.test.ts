import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Readiness, Watch } from '../../src/reactor/watches.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Calls } from './calls.ts'
import { openFifo } from './fifo.ts'
import { reactorOf, settle } from './reactor-of.ts'
import { descriptorOf, socketPair } from './socket-pair.ts'

const READABLE = { readable: true, writable: false, hungUp: false }
const WRITABLE = { readable: false, writable: true, hungUp: false }

test('a pipe is readable at every turn until it is read empty', async (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const calls = new Calls<Readiness>()
  const bytes = Buffer.alloc(8)
  reactor.watch(fifo.readFd, { readable: true }, (readiness) => {
    if (calls.told.length === 2) readSync(fifo.readFd, bytes)
    calls.note(readiness)
  })
  await settle(reactor)
  t.deepEqual(calls.told, [])
  writeSync(fifo.writeFd, 'ding')
  await calls.untilTold(3)
  t.is(bytes.toString('utf8', 0, 4), 'ding')
  await settle(reactor)
  t.deepEqual(calls.told, [READABLE, READABLE, READABLE])
})

test('a pipe with room is writable, and not when it is full', async (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const calls = new Calls<Readiness>()
  reactor.watch(fifo.writeFd, { writable: true }, calls.note)
  await calls.untilTold(1)
  t.deepEqual(calls.told[0], WRITABLE)
  const page = Buffer.alloc(4096)
  t.throws(
    () => {
      for (;;) writeSync(fifo.writeFd, page)
    },
    { code: 'EAGAIN' },
  )
  const { length } = calls.told
  await settle(reactor)
  t.is(calls.told.length, length)
  readSync(fifo.readFd, Buffer.alloc(65_536))
  await calls.untilTold(length + 1)
})

test('a unix socket is told readable and writable as asked, from update on', async (t) => {
  const reactor = reactorOf(t)
  const [here, there] = await socketPair(t)
  const calls = new Calls<Readiness>()
  const watch = reactor.watch(descriptorOf(there), { readable: true }, calls.note)
  await settle(reactor)
  t.deepEqual(calls.told, [])
  here.write('ding')
  await calls.untilTold(1)
  t.deepEqual(calls.told[0], READABLE)
  watch.update({ writable: true })
  const { length } = calls.told
  await calls.untilTold(length + 1)
  t.deepEqual(calls.told.at(-1), WRITABLE)
  watch.update({ readable: true, writable: true })
  await calls.until(() => calls.told.at(-1)?.readable === true)
  t.deepEqual(calls.told.at(-1), { readable: true, writable: true, hungUp: false })
  watch.update({})
  const atRest = calls.told.length
  await settle(reactor)
  t.is(calls.told.length, atRest)
  watch.update({ readable: true })
  await calls.untilTold(atRest + 1)
})

test('a hang-up is told whatever is asked for, and once where that is nothing', async (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const calls = new Calls<Readiness>()
  const watch = reactor.watch(fifo.readFd, {}, calls.note)
  fifo.closeWriter()
  await calls.untilTold(1)
  await settle(reactor)
  t.deepEqual(calls.told, [{ readable: false, writable: false, hungUp: true }])
  watch.update({ readable: true })
  await calls.untilTold(3)
  t.true(calls.told.every((readiness) => readiness.hungUp))
})

test('a watch may be closed, or changed, in a callback', async (t) => {
  const reactor = reactorOf(t)
  const fifos = Array.from({ length: 3 }, () => openFifo(t))
  const calls = new Calls<number>()
  const watches: Watch[] = fifos.map((fifo, index) =>
    reactor.watch(fifo.readFd, { readable: true }, () => {
      // All three are in the same batch: whichever is first ends the other two.
      watches.forEach((watch, other) => {
        if (other !== index) watch.close()
      })
      watches[index]?.update({ writable: true })
      calls.note(index)
    }),
  )
  for (const fifo of fifos) writeSync(fifo.writeFd, 'ding')
  await calls.untilTold(1)
  await settle(reactor)
  t.is(calls.told.length, 1)
  for (const watch of watches) {
    watch.close()
    watch.close()
    watch.update({ readable: true })
  }
  await settle(reactor)
  t.is(calls.told.length, 1)
})

test('what an update no longer asks for is not told from the same batch', async (t) => {
  const reactor = reactorOf(t)
  const fifos = Array.from({ length: 2 }, () => openFifo(t))
  const calls = new Calls<number>()
  const watches: Watch[] = fifos.map((fifo, index) =>
    reactor.watch(fifo.readFd, { readable: true }, () => {
      for (const watch of watches) watch.update({})
      calls.note(index)
    }),
  )
  for (const fifo of fifos) writeSync(fifo.writeFd, 'ding')
  await calls.untilTold(1)
  await settle(reactor)
  t.is(calls.told.length, 1)
})

test('a thousand watches are told each for itself', async (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const calls = new Calls<number>()
  // Of one pipe, by as many descriptors: the kernel wakes all of them.
  const fds = Array.from({ length: 1000 }, () => openSync(`/proc/self/fd/${fifo.writeFd}`, 'w'))
  t.teardown(() => {
    for (const fd of fds) closeSync(fd)
  })
  const watches = fds.map((fd, index) => {
    const watch = reactor.watch(fd, { writable: true }, () => {
      calls.note(index)
      watch.close()
    })
    return watch
  })
  await calls.untilTold(watches.length)
  await settle(reactor)
  t.deepEqual(
    calls.told.toSorted((a, b) => a - b),
    fds.map((_fd, index) => index),
  )
})

test('what cannot be watched is an error of the system', (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const fd = openSync(join(temporaryFolder(t), 'file'), 'w')
  t.teardown(() => closeSync(fd))
  const watch = (descriptor: number) => reactor.watch(descriptor, { readable: true }, () => {})
  t.throws(() => watch(fd), { code: 'EPERM', message: /epoll_ctl/ })
  t.throws(() => watch(2 ** 31 - 1), { code: 'EBADF' })
  watch(fifo.readFd)
  t.throws(() => watch(fifo.readFd), { code: 'EEXIST' })
  for (const wrong of [-1, 1.5, 2 ** 31, Number.NaN]) {
    t.throws(() => watch(wrong), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('a watch whose descriptor was closed first takes nothing from who got the number', async (t) => {
  const reactor = reactorOf(t)
  const fifo = openFifo(t)
  const calls = new Calls<Readiness>()
  const open = () => openSync(`/proc/self/fd/${fifo.writeFd}`, 'w')
  const fd = open()
  const stale = reactor.watch(fd, {}, () => t.fail())
  closeSync(fd)
  t.is(open(), fd)
  t.teardown(() => closeSync(fd))
  const watch = reactor.watch(fd, {}, calls.note)
  t.throws(() => stale.update({ writable: true }), { code: 'EBADF' })
  stale.close()
  watch.update({ writable: true })
  await calls.untilTold(1)
})
