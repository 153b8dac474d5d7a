import { execFile, spawnSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { errorCode } from '../../src/errors.ts'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { HIGHEST_BUSY_POLL_US } from '../../src/reactor/limits.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { Calls } from './calls.ts'
import { openFifo } from './fifo.ts'
import { reactorOf, settle } from './reactor-of.ts'
import { frames, Scene } from './recording-engine.ts'

const CLOSED = { code: 'ERR_CARILLON_STATE', message: /not closed/ }

function program(...args: string[]) {
  return promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'reactor-program.js'),
    ...args,
  ])
}

test('busyPollUs is an integer of 0 to 1,000', (t) => {
  for (const wrong of [-1, 0.5, HIGHEST_BUSY_POLL_US + 1, Number.NaN]) {
    t.throws(() => new Reactor({ busyPollUs: wrong }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  for (const right of [0, 1, HIGHEST_BUSY_POLL_US]) new Reactor({ busyPollUs: right }).close()
  t.pass()
})

test.serial('with busyPollUs what follows soon is answered without sleeping', async (t) => {
  const ringTimes = async (reactor: Reactor) => {
    const bell = EventFd.create()
    const calls = new Calls<number>()
    const timer = reactor.timer(() => bell.signal())
    const watch = reactor.watchEventFd(bell, (count) => {
      calls.note(count)
      timer.set(10)
    })
    bell.signal()
    await calls.untilTold(200)
    watch.close()
    timer.close()
    bell.close()
    return reactor.stats()
  }
  const asleep = await ringTimes(reactorOf(t))
  const awake = await ringTimes(reactorOf(t, { busyPollUs: HIGHEST_BUSY_POLL_US }))
  // Sleeping, each timer and each bell is a wake-up; where it looks on, the loop is entered anew
  // only after its longest turn.
  t.true(asleep.wakeups >= 200, `${asleep.wakeups}`)
  t.true(awake.wakeups < asleep.wakeups / 2, `${awake.wakeups} of ${asleep.wakeups}`)
  t.true(awake.batches >= 200)
})

test('while a reactor looks on, the timers of Node go off all the same', async (t) => {
  const reactor = reactorOf(t, { busyPollUs: HIGHEST_BUSY_POLL_US })
  const calls = new Calls<number>()
  const timer = reactor.timer(calls.note)
  timer.set(20, 20)
  const immediates = new Calls<void>()
  const again = () => {
    immediates.note()
    if (immediates.told.length < 20) setImmediate(again)
  }
  setImmediate(again)
  await new Promise((resolve) => setTimeout(resolve, 1))
  await immediates.untilTold(20)
  await calls.untilTold(1)
  timer.close()
  t.pass()
})

test('a closed reactor tells nothing more, and takes nothing on', async (t) => {
  const reactor = new Reactor()
  const fifo = openFifo(t)
  const bell = EventFd.create()
  t.teardown(() => bell.close())
  const watches = [
    reactor.watch(fifo.readFd, { readable: true }, () => t.fail()),
    reactor.watchEventFd(bell, () => t.fail()),
  ]
  const timer = reactor.timer(() => t.fail())
  timer.set(1, 1)
  bell.signal()
  writeSync(fifo.writeFd, 'ding')
  const memory = new Uint8Array(8)
  reactor.registerMemory(memory)
  const before = reactor.stats()
  reactor.close()
  reactor.close()
  t.deepEqual(reactor.stats(), before)
  t.throws(() => reactor.watch(fifo.readFd, {}, () => {}), CLOSED)
  t.throws(() => reactor.watchEventFd(bell, () => {}), CLOSED)
  t.throws(() => reactor.timer(() => {}), CLOSED)
  t.throws(() => reactor.registerMemory(memory), CLOSED)
  reactor.unregisterMemory(memory)
  reactor.flush()
  for (const watch of watches) {
    watch.update({ readable: true })
    watch.close()
  }
  timer.set(1)
  timer.close()
  await settle(reactorOf(t))
})

test('a reactor may be closed in a callback: the rest of its batch is not told', async (t) => {
  const reactor = new Reactor()
  const calls = new Calls<number>()
  const bells = Array.from({ length: 10 }, () => EventFd.create())
  bells.forEach((bell, index) => {
    t.teardown(() => bell.close())
    reactor.watchEventFd(bell, () => {
      reactor.close()
      t.throws(() => reactor.timer(() => {}), CLOSED)
      calls.note(index)
    })
  })
  for (const bell of bells) bell.signal()
  await calls.untilTold(1)
  await settle(reactorOf(t))
  t.is(calls.told.length, 1)
})

test('with the reactor the connections on it break, each with its disconnect', async (t) => {
  for (const where of ['outside', 'in a hook']) {
    const reactor = new Reactor()
    const scene = await Scene.open(t, () => new EpollTransport({ reactor }), {
      message: (client) => {
        client.sendData(Buffer.from('dong'))
        reactor.close()
        t.is(client.sendData(Buffer.from('too late')), 'queued')
      },
    })
    const peers = [await scene.connect(), await scene.connect()]
    if (where === 'outside') reactor.close()
    else peers[0]?.socket.write(frames('ding'))
    for (const [index, peer] of peers.entries()) {
      const { kind, error } = await scene.engine.untilDisconnected(index + 1)
      t.is(kind, 'connection-lost')
      t.is(errorCode(error?.cause), 'ECANCELED')
      await peer.untilEnded()
    }
    t.is(peers[0]?.received.toString(), where === 'outside' ? '' : 'dong')
    await scene.engine.stop()
    await t.throwsAsync(scene.engine.start(), { code: 'ERR_CARILLON_LISTEN', message: /closed/ })
  }
})

test("the thread's own reactor is made anew where it was closed", async (t) => {
  const first = Reactor.shared
  t.is(Reactor.shared, first)
  first.close()
  t.not(Reactor.shared, first)
  const scene = await Scene.open(t, () => new EpollTransport())
  t.truthy(await scene.connect())
})

test('a throw in a callback is an uncaught exception, and the rest is told', async (t) => {
  const { stdout } = await program('throw-handled')
  t.deepEqual(JSON.parse(stdout), {
    told: ['a', 'b', 'c', 'd'],
    thrown: ['a', 'c'],
    toldBeforeThrown: 4,
  })
  const { status, stderr } = spawnSync(process.execPath, [
    join(import.meta.dirname, 'reactor-program.js'),
    'throw',
  ])
  t.is(status, 1)
  t.regex(stderr.toString(), /Error: out of tune/)
})

test('a process ends by itself when nothing is waited for any more', async (t) => {
  for (const what of ['nothing', 'watches', 'engine', 'closed']) {
    const { stdout } = await program('ends', what)
    t.is(stdout, `${what} is over\n`)
  }
})

test('a process goes on while something is waited for', async (t) => {
  t.is((await program('waits', 'timer')).stdout, 'rang\n')
  t.is((await program('waits', 'eventfd')).stdout, 'rang\n')
})

test('the counters count', async (t) => {
  const reactor = reactorOf(t)
  t.deepEqual(reactor.stats(), {
    wakeups: 0,
    batches: 0,
    events: 0,
    reads: 0,
    bytesRead: 0,
    sends: 0,
    bytesSent: 0,
    zeroCopySends: 0,
    zeroCopyCopied: 0,
    zeroCopyFallbacks: 0,
    zeroCopyOutstanding: 0,
    keptParts: 0,
    unkeptParts: 0,
    receiveBuffers: 0,
  })
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }), {
    message: (client, message) => void client.sendMessage(message),
  })
  const peer = await scene.connect()
  const message = frames('ding')
  peer.socket.write(message)
  await peer.untilReceived(message)
  const { wakeups, batches, events, reads, bytesRead, sends, bytesSent } = reactor.stats()
  t.deepEqual([reads, bytesRead, sends, bytesSent], [1, message.length, 1, message.length])
  // The connection, and its message.
  t.is(events, 2)
  t.true(wakeups >= 2 && batches >= 2)
})
