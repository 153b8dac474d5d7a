import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { CoreLink, type CoreLinkHandler } from '../../src/bridge/core-link.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import {
  COMMAND,
  CORE_STATE,
  EVENT,
  OpenStream,
  RING_KIND,
  RingControl,
  SharedMem,
} from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { buildSleepyFirmware } from '../support/firmware-tool.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = new Uint8Array(0)

function ringControl(linked: LinkedCore, kind: number) {
  const ring = linked.region.shared.rings.find((candidate) => candidate.kind === kind)
  if (ring === undefined) throw new Error(`the region has no ring of kind ${kind}`)
  const { offset } = ring
  return {
    producer: viewStruct(RingControl, linked.region.memory, offset, 'producer').producer,
    data: offset + RingControl.bytes,
  }
}

/**
 * The core of the tests of bells wakes every ten seconds by itself. So a lost bell is a wait of that
 * long, and nothing else is half of it, on a busy machine either.
 */
const LOST_BELL_MS = 5000

/** Opens an empty chain on slot 0 and passes `count` blocks through it, one after the other. */
async function echo(linked: LinkedCore, count: number): Promise<boolean> {
  const bytes = new Uint8Array(OpenStream.bytes)
  Object.assign(viewStruct(OpenStream, memoryOver(bytes), 0, 'host'), {
    sampleRateHz: 48000,
    channels: 1,
  })
  linked.link.send(COMMAND.OPEN, 0, 0, bytes)
  linked.link.send(COMMAND.START, 0, 0, NOTHING)
  const [started] = await linked.take(1)
  let right = started?.type === EVENT.STARTED
  for (let index = 0; index < count; index++) right = (await pass(linked, index)) && right
  return right
}

/** Passes one block through the chain that is open, and says whether it came back as it was. */
async function pass(linked: LinkedCore, index: number): Promise<boolean> {
  const block = Uint8Array.of(index, 1, 2, 3)
  linked.link.send(COMMAND.SAMPLES, 0, index, block)
  const [record] = await linked.take(1)
  const isSame = Buffer.compare(record?.payload ?? NOTHING, block) === 0
  return record?.type === EVENT.SAMPLES && record.sequence === index && isSame
}

const BLOCK = new Uint8Array(16)

/** Kills the core, starts another one and waits until it is linked. */
async function restart(linked: LinkedCore): Promise<void> {
  linked.core?.kill()
  await linked.core?.ended(10_000)
  linked.link.unlink(new Error('killed'))
  linked.isDeaf = false
  await linked.spawn()
  await linked.until(() => linked.link.isLinked)
}

/**
 * A link whose core is the test: it writes the status itself, and the link's bells resolve `bell`.
 *
 * @param handler what the owner does. Default: nothing.
 */
function linkToTest(t: ExecutionContext, handler: Partial<CoreLinkHandler> = {}) {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes: 16384 })
  let ring = () => {}
  const ignore = () => {}
  const ignoring = { onLinked: ignore, onUnlinked: ignore, onRecord: ignore, onRoom: ignore }
  const link = new CoreLink(region, 0, () => ring(), { ...ignoring, ...handler })
  t.teardown(() => {
    link.close(new Error('the test is over'))
    region.remove()
  })
  const [status] = viewStruct(SharedMem, region.memory, 0, 'core').status
  const [control] = region.shared.control
  if (status === undefined || control === undefined) throw new Error('the region has no core')
  status.session = region.session
  status.boot = 1
  const bell = async () => {
    // The link's own timers do not keep the process alive.
    const alive = setInterval(ignore, 1000)
    await new Promise<void>((resolve) => {
      ring = resolve
    })
    clearInterval(alive)
  }
  return { region, link, status, control, bell }
}

test('an owner that closes a link when it is lost is offered no other', async (t) => {
  const { link, status, control } = linkToTest(t, {
    onUnlinked: () => link.close(new Error('seen enough')),
  })
  link.onBell()
  status.link = 1
  link.onBell()
  t.true(link.isLinked)
  // Offers are 10 ms apart: the next one would be made at once.
  await setTimeout(20)
  status.link = 0
  status.boot = 2
  link.onBell()
  t.false(link.isLinked)
  t.is(control.link, 0)
})

test('an owner that unlinks from within a record, and looks again, is linked anew', async (t) => {
  const { region, link, status, control, bell } = linkToTest(t, {
    onRecord: () => {
      link.unlink(new Error('another one'))
      // The core is quicker than the owner.
      status.link = 0
      link.onBell()
    },
  })
  link.onBell()
  status.link = 1
  link.onBell()
  const ring = region.shared.rings.find(({ kind }) => kind === RING_KIND.FROM_CORE)
  if (ring === undefined) throw new Error('the region has no ring from a core')
  const producer = new SpscRingProducer(region.memory, ring.offset, ring.capacity)
  producer.write(EVENT.CLOSED, 0, 0, NOTHING)
  producer.publish()
  // Offers are 10 ms apart: the next one would be made at once.
  await setTimeout(20)
  t.notThrows(() => link.onBell())
  t.false(link.isLinked)
  await bell()
  t.is(control.link, 2)
  producer.reset()
  status.link = 2
  link.onBell()
  t.true(link.isLinked)
})

test('a core that damaged its link before it was seen to have taken it gets another', async (t) => {
  const { link, status, control, bell } = linkToTest(t)
  link.onBell()
  t.is(control.link, 1)
  link.onBell()
  t.is(control.link, 1, 'it may still take it')
  // It took it, found it damaged and left it.
  status.damaged = 1
  const offered = bell()
  link.onBell()
  await offered
  t.is(control.link, 2)
  t.is(control.boot, 1)
  status.link = 2
  link.onBell()
  t.true(link.isLinked)
})

test('an owner that looks again from within a record changes nothing', async (t) => {
  const linked = await LinkedCore.start(t)
  linked.onRecord = () => linked.link.onBell()
  t.true(await echo(linked, 100))
  t.is(linked.link.damaged, 0)
})

test('what an owner throws leaves the link as it was, and the records behind to be read', async (t) => {
  const linked = await LinkedCore.start(t, 65536, { firmware: await buildSleepyFirmware() })
  t.true(await echo(linked, 1))
  const stop = new Error('stop')
  let thrown = false
  linked.isDeaf = true
  linked.onRecord = () => {
    if (thrown) return
    thrown = true
    throw stop
  }
  for (const sequence of [1, 2, 3]) linked.link.send(COMMAND.SAMPLES, 0, sequence, BLOCK)
  await linked.untilCore(() => linked.link.fromCore.unread === 3)
  const startedMs = performance.now()
  t.is(
    t.throws(() => linked.link.onBell()),
    stop,
  )
  linked.isDeaf = false
  const records = await linked.take(3)
  t.deepEqual(
    records.map(({ sequence }) => sequence),
    [1, 2, 3],
  )
  t.true(await pass(linked, 4))
  t.true(performance.now() - startedMs < LOST_BELL_MS)
})

test('a link that was given up before the core took it is offered anew', async (t) => {
  const { link, status, control, bell } = linkToTest(t)
  link.onBell()
  t.is(control.link, 1)
  link.unlink(new Error('given up'))
  t.is(control.link, 0)
  await bell()
  t.is(control.link, 2)
  status.link = 2
  link.onBell()
  t.true(link.isLinked)
})

test('a core that starts is linked and answers', async (t) => {
  const linked = await LinkedCore.start(t)
  t.is(linked.link.status.state, CORE_STATE.RUNNING)
  t.is(linked.link.status.session, linked.region.session)
  t.is(linked.link.status.boot, 1)
  t.true(await echo(linked, 50))
})

test.serial(
  'while the rings are quiet the host sleeps, and its core all but for its heartbeat',
  async (t) => {
    const linked = await LinkedCore.start(t)
    t.true(await echo(linked, 3))
    const { status } = linked.link
    const untilBeats = async (count: number) => {
      const { heartbeat } = status
      await linked.untilCore(() => status.heartbeat >= heartbeat + count)
    }
    // An answer is there before the core has counted what it took.
    await untilBeats(2)
    const { busyUs } = status
    const before = Reactor.shared.stats().wakeups
    await untilBeats(10)
    t.is(Reactor.shared.stats().wakeups, before)
    t.is(status.busyUs, busyUs)
  },
)

test('a core that was killed is linked anew, with empty rings', async (t) => {
  const linked = await LinkedCore.start(t)
  t.true(await echo(linked, 3))
  for (let boot = 2; boot < 5; boot++) {
    linked.core?.kill()
    await linked.core?.ended(10_000)
    linked.link.unlink(new Error('killed'))
    t.false(linked.link.isLinked)
    t.false(linked.link.send(COMMAND.SAMPLES, 0, 0, NOTHING))
    await linked.spawn()
    await linked.until(() => linked.link.isLinked)
    t.is(linked.link.status.boot, boot)
    t.is(linked.link.fromCore.usedBytes, 0)
    t.is(linked.link.status.streams, 0, 'a core starts without streams')
    t.true(await echo(linked, 3))
  }
})

test('what a killed core has not read is counted', async (t) => {
  const linked = await LinkedCore.start(t)
  t.deepEqual(linked.lost, [{ toCore: 0, fromCore: 0 }])
  t.true(await echo(linked, 3))
  process.kill(linked.pid, 'SIGSTOP')
  for (let index = 0; index < 20; index++) linked.link.send(COMMAND.SAMPLES, 0, index, BLOCK)
  // They are shown to the core at the end of the turn.
  await Promise.resolve()
  await restart(linked)
  t.deepEqual(linked.lost[1], { toCore: 20, fromCore: 0 })
  t.deepEqual(linked.link.lost, { toCore: 20, fromCore: 0 })
  t.true(await echo(linked, 3))
  await restart(linked)
  t.deepEqual(linked.lost[2], { toCore: 0, fromCore: 0 }, 'what was read is not lost')
  t.deepEqual(linked.link.lost, { toCore: 20, fromCore: 0 })
})

test('what a killed core has said and nobody has read is counted', async (t) => {
  const linked = await LinkedCore.start(t)
  t.true(await echo(linked, 3))
  linked.isDeaf = true
  for (let index = 0; index < 20; index++) linked.link.send(COMMAND.SAMPLES, 0, index, BLOCK)
  await linked.untilCore(() => linked.link.status.blocks === 23)
  await linked.untilCore(() => linked.link.toCore.unread === 0)
  await restart(linked)
  t.deepEqual(linked.lost[1], { toCore: 0, fromCore: 20 })
})

test('what is in the rings when the host leaves them is counted by the core', async (t) => {
  const linked = await LinkedCore.start(t)
  t.true(await echo(linked, 3))
  linked.isDeaf = true
  for (let index = 0; index < 20; index++) linked.link.send(COMMAND.SAMPLES, 0, index, BLOCK)
  await linked.untilCore(() => linked.link.status.blocks === 23)
  t.is(linked.link.status.lost, 0)
  linked.link.unlink(new Error('enough'))
  await linked.untilCore(() => linked.link.status.lost === 20)
  linked.isDeaf = false
  linked.link.onBell()
  await linked.until(() => linked.link.isLinked)
  t.deepEqual(linked.lost[1], { toCore: 0, fromCore: 20 })
})

test('a core that restarts behind the back of the host is noticed', async (t) => {
  const linked = await LinkedCore.start(t)
  linked.core?.kill()
  await linked.core?.ended(10_000)
  t.true(linked.link.isLinked, 'nobody has told the link')
  await linked.spawn()
  await linked.until(() => linked.unlinks.length === 1 && linked.link.isLinked)
  t.like(linked.unlinks[0], { code: 'ERR_CARILLON_CORE_LOST', message: 'core 0 has started anew' })
  t.true(await echo(linked, 3))
})

test('damage that the host finds ends the link, and a new one works', async (t) => {
  const linked = await LinkedCore.start(t)
  const { producer } = ringControl(linked, RING_KIND.FROM_CORE)
  producer.tail = 0x70000000
  linked.link.onBell()
  t.is(linked.unlinks.length, 1)
  t.like(linked.unlinks[0], { code: 'ERR_CARILLON_RING_DAMAGED' })
  t.is(linked.link.damaged, 1)
  await linked.until(() => linked.link.isLinked)
  t.true(await echo(linked, 3))
})

test('damage that the core finds ends the link, and a new one works', async (t) => {
  const linked = await LinkedCore.start(t)
  const { producer } = ringControl(linked, RING_KIND.TO_CORE)
  producer.tail = 0x70000000
  linked.core?.ring()
  await linked.until(() => linked.unlinks.length === 1)
  await linked.until(() => linked.link.isLinked)
  t.like(linked.unlinks[0], {
    code: 'ERR_CARILLON_CORE_LOST',
    message: 'core 0 has left its rings',
  })
  t.is(linked.link.status.damaged, 1)
  t.is(linked.link.damaged, 0, 'that was found by the other side')
  t.true(await echo(linked, 3))
})

test('a core that damages its rings whenever it has them is linked slowly', async (t) => {
  const linked = await LinkedCore.start(t)
  const { producer } = ringControl(linked, RING_KIND.FROM_CORE)
  const rounds = 20
  const start = performance.now()
  for (let round = 1; round <= rounds; round++) {
    await linked.until(() => linked.link.isLinked)
    producer.tail = 0x70000000
    linked.link.onBell()
    t.is(linked.link.damaged, round)
    t.false(linked.link.isLinked)
  }
  await linked.until(() => linked.link.isLinked)
  // The first of them comes at once, so there are as many pauses as rounds less one.
  const elapsedMs = performance.now() - start
  t.true(elapsedMs >= (rounds - 1) * 9.9, `${rounds} links in ${elapsedMs} ms`)
  t.true(await echo(linked, 3))
})

test('a link that is closed while it waits to be offered stays closed', async (t) => {
  const linked = await LinkedCore.start(t)
  const control = linked.region.shared.control[0]
  // The second offer comes right after the first, and so has to wait.
  for (let round = 0; round < 2; round++) {
    await linked.until(() => linked.link.isLinked)
    linked.link.unlink(new Error('given up'))
    // On a busy machine the offer may have come before this looks.
    await linked.until(() => linked.link.status.link === 0 || control?.link !== 0)
  }
  linked.link.close(new Error('closed'))
  // Longer than an offer waits, by the core's clock: a link would ring it and be taken.
  const uptimeUs = linked.link.status.uptimeUs
  await linked.untilCore(() => linked.link.status.uptimeUs - uptimeUs > 50_000)
  t.is(control?.link, 0)
  t.false(linked.link.isLinked)
})

test('the records behind one whose handler ends the link are not delivered', async (t) => {
  const linked = await LinkedCore.start(t)
  linked.onRecord = () => {
    linked.onRecord = () => {}
    linked.link.unlink(new Error('seen enough'))
  }
  // All of its answers are published at once.
  linked.link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
  await linked.until(() => linked.unlinks.length === 1)
  t.is(linked.waiting, 1)
  await linked.take(1)
  await linked.until(() => linked.link.isLinked)
  t.true(await echo(linked, 3))
})

/** How long the longest of these rounds takes, in milliseconds. */
async function longestMs(rounds: number, round: (index: number) => Promise<void>): Promise<number> {
  let longest = 0
  for (let index = 0; index < rounds && longest < LOST_BELL_MS; index++) {
    const start = performance.now()
    await round(index)
    longest = Math.max(longest, performance.now() - start)
  }
  return longest
}

let sleepyFirmware = ''
test.before('build', async (t) => {
  t.timeout(5 * 60_000)
  sleepyFirmware = await buildSleepyFirmware()
})

for (const doorbell of ['eventfd', 'socket'] as const) {
  const start = (t: ExecutionContext, capacity: number) =>
    LinkedCore.start(t, capacity, { doorbell, firmware: sleepyFirmware })

  test(`no bell is lost between blocks that follow one another: ${doorbell}`, async (t) => {
    const linked = await start(t, 65536)
    t.true(await echo(linked, 0))
    const longest = await longestMs(2000, async (index) => {
      if (!(await pass(linked, index))) t.fail(`block ${index}`)
    })
    t.true(longest < LOST_BELL_MS)
  })

  test(`no bell is lost where the ring to the core is full: ${doorbell}`, async (t) => {
    const linked = await start(t, 16384)
    const longest = await longestMs(500, async (index) => {
      // Two bells: one for what is sent, one for room.
      while (linked.link.send(1000, 0, 0, new Uint8Array(4000)));
      await linked.until(() => linked.rooms === index + 1)
    })
    t.true(longest < LOST_BELL_MS)
  })

  test(`no bell is lost where the ring from the core is full: ${doorbell}`, async (t) => {
    const rounds = 500
    const linked = await start(t, 16384)
    const longest = await longestMs(rounds, async () => {
      // Three descriptions are more than the ring holds: the core waits for room in each round.
      for (let copy = 0; copy < 3; copy++) linked.link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
      for (let copy = 0; copy < 3; ) {
        const [record] = await linked.take(1)
        if (record?.type === EVENT.DESCRIBED) copy++
      }
    })
    t.true(longest < LOST_BELL_MS)
    t.true(linked.link.fromCore.full >= rounds, `${linked.link.fromCore.full}`)
  })
}

test('the counters of a core are not behind the records that it sends', async (t) => {
  const linked = await LinkedCore.start(t)
  let behind = 0
  let blocks = 0
  linked.onRecord = () => {
    // The first is the answer to START.
    if (linked.link.status.blocks < blocks) behind++
    blocks++
  }
  t.true(await echo(linked, 300))
  t.is(blocks, 301)
  t.is(behind, 0)
})

test('a link is not taken for an earlier one after it was given up', async (t) => {
  const linked = await LinkedCore.start(t)
  for (let round = 0; round < 5; round++) {
    linked.link.unlink(new Error('given up'))
    t.false(linked.link.isLinked)
    linked.link.onBell()
    await linked.until(() => linked.link.isLinked)
    t.true(await echo(linked, 2))
  }
})

test('a full ring makes the sender wait, and room is told', async (t) => {
  const linked = await LinkedCore.start(t, 16384)
  const { pid } = linked
  process.kill(pid, 'SIGSTOP')
  const refused = 1000
  let sent = 0
  while (linked.link.send(refused, 0, sent, new Uint8Array(1000))) sent++
  t.true(sent >= 15 && sent <= 16, `${sent} records of 1,016 bytes fit in 16 KiB`)
  t.is(linked.rooms, 0)
  process.kill(pid, 'SIGCONT')
  await linked.until(() => linked.rooms === 1)
  t.true(linked.link.send(refused, 0, sent, new Uint8Array(1000)))
  await linked.until(() => linked.link.status.refused > 0)
})

test('a core does not join a region of another layout', async (t) => {
  const linked = await LinkedCore.start(t)
  linked.core?.kill()
  await linked.core?.ended(10_000)
  linked.link.unlink(new Error('killed'))
  const { header } = linked.region.shared
  header.layoutHash = (header.layoutHash + 1) >>> 0
  const core = await linked.spawn()
  const before = linked.link.status.heartbeat
  // The heartbeat shows that the core runs.
  await linked.untilCore(() => linked.link.status.heartbeat !== before)
  t.false(linked.link.isLinked)
  t.is(linked.link.status.boot, 1, 'it has not attached')
  header.layoutHash = (header.layoutHash - 1) >>> 0
  core.ring()
  await linked.until(() => linked.link.isLinked)
  t.is(linked.link.status.boot, 2)
})
