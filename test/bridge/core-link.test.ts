import test from 'ava'
import {
  COMMAND,
  CORE_STATE,
  EVENT,
  OpenStream,
  RING_KIND,
  RingControl,
} from '../../src/shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { LinkedCore } from '../support/linked-core.ts'

const NOTHING = new Uint8Array(0)

function ringControl(linked: LinkedCore, kind: number) {
  const ring = linked.region.shared.rings.find((candidate) => candidate.kind === kind)
  const offset = ring?.offset ?? 0
  return {
    producer: viewStruct(RingControl, linked.region.memory, offset, 'producer').producer,
    data: offset + RingControl.bytes,
  }
}

/** Opens an empty chain on slot 0 and passes `count` blocks through it. */
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
  for (let index = 0; index < count; index++) {
    const block = Uint8Array.of(index, 1, 2, 3)
    linked.link.send(COMMAND.SAMPLES, 0, index, block)
    const [record] = await linked.take(1)
    right &&= record?.type === EVENT.SAMPLES && record.sequence === index
    right &&= Buffer.compare(record?.payload ?? NOTHING, block) === 0
  }
  return right
}

test('a core that starts is linked and answers', async (t) => {
  const linked = await LinkedCore.start(t)
  t.is(linked.link.status.state, CORE_STATE.RUNNING)
  t.is(linked.link.status.session, linked.region.session)
  t.is(linked.link.status.boot, 1)
  t.true(await echo(linked, 50))
})

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

test('a core that restarts behind the back of the host is noticed', async (t) => {
  const linked = await LinkedCore.start(t)
  linked.core?.kill()
  await linked.core?.ended(10_000)
  t.true(linked.link.isLinked, 'nobody has told the link')
  await linked.spawn()
  await linked.until(() => linked.unlinks.length === 1 && linked.link.isLinked)
  t.true(await echo(linked, 3))
})

test('damage that the host finds ends the link, and a new one works', async (t) => {
  const linked = await LinkedCore.start(t)
  const { producer } = ringControl(linked, RING_KIND.FROM_CORE)
  producer.tail = 0x70000000
  linked.link.onBell()
  t.is(linked.unlinks.length, 1)
  t.like(linked.unlinks[0], { code: 'ERR_CARILLON_RING_DAMAGED' })
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
  t.is(linked.link.status.damaged, 1)
  t.true(await echo(linked, 3))
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
  const { pid } = linked.core ?? { pid: 0 }
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
  await new Promise<void>((resolve) => {
    // The heartbeat shows that the core runs; it moves without a bell.
    const look = setInterval(() => {
      if (linked.link.status.heartbeat === before) return
      clearInterval(look)
      resolve()
    }, 1)
  })
  t.false(linked.link.isLinked)
  t.is(linked.link.status.boot, 1, 'it has not attached')
  header.layoutHash = (header.layoutHash - 1) >>> 0
  core.ring()
  await linked.until(() => linked.link.isLinked)
  t.is(linked.link.status.boot, 2)
})
