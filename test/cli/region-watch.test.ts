import test from 'ava'
import { RegionWatch } from '../../src/cli/region-watch.ts'
import { ringsTable } from '../../src/cli/rings-table.ts'
import type { CoreLook, RegionLook } from '../../src/shm/region-inspector.ts'
import type { RingLook } from '../../src/shm/ring-inspector.ts'

const CORE: CoreLook = {
  ...{ core: 0, state: 'running', stateNumber: 2, boot: 1, session: 7, link: 1, offeredLink: 1 },
  ...{ heartbeat: 10, uptimeUs: 0xffffffff, busyUs: 0, streams: 1, blocks: 5 },
  ...{ overruns: 0, refused: 0, damaged: 0, lost: 0 },
  ...{ stackBytes: 0, stackUsed: 0, traceLost: 0 },
}
const RING: RingLook = {
  ...{ capacity: 16_384, head: 0, tail: 0xffffff00, published: 0xffffffff, consumed: 0, full: 0 },
  ...{ producerWaits: false, consumerWaits: true, usedBytes: 0, unread: 0 },
}

const FULL_STACK = { stackBytes: 32_768, stackUsed: 32_768 }

function look(core: Partial<CoreLook> = {}, ring: Partial<RingLook> = {}, session = 7): RegionLook {
  return {
    ...{ session, hostHeartbeat: core.heartbeat ?? CORE.heartbeat, problems: [] },
    cores: [{ ...CORE, ...core }],
    rings: [
      { core: 0, direction: 'to-core', problem: undefined, look: { ...RING, ...ring } },
      { core: 0, direction: undefined, problem: 'it does not fit', look: undefined },
    ],
  }
}

function watched(...looks: readonly RegionLook[]) {
  const watch = new RegionWatch()
  const all = looks.map((one, index) =>
    watch.compare({ look: one, atMs: 1000 + 500 * index, isOrphaned: false }),
  )
  const last = all.at(-1)
  if (last === undefined) throw new Error('no look')
  return last
}

test('one look tells no rate, load or beat', (t) => {
  const { cores, rings, hostBeat, formerSession } = watched(look())
  t.like(cores[0], { load: undefined, beat: { isMoving: undefined, stillMs: 0 } })
  t.like(rings[0], { recordsPerSecond: undefined, bytesPerSecond: undefined })
  t.like({ hostBeat, formerSession }, { hostBeat: { isMoving: undefined } })
  t.is(formerSession, undefined)
})

test('rates and load are those of the time between two looks, also where the counters wrap', (t) => {
  const next = look(
    { uptimeUs: 399_999, busyUs: 100_000, heartbeat: 11 },
    { tail: 0, published: 99 },
  )
  const { cores, rings, hostBeat } = watched(look(), next)
  t.like(cores[0], { load: 0.25, beat: { isMoving: true, stillMs: 0 } })
  t.like(rings[0], { recordsPerSecond: 200, bytesPerSecond: 512 })
  t.true(hostBeat.isMoving)
})

test('a heartbeat that stands still says for how long', (t) => {
  const beats = [10, 11, 11, 11].map((heartbeat) => look({ heartbeat }))
  const figures = watched(...beats)
  t.deepEqual(figures.cores[0]?.beat, { isMoving: false, stillMs: 1000 })
  const text = ringsTable('region', figures, 120).join('\n')
  t.regex(text, /^0 .* still 1\.0 s /m)
  t.regex(text, /^! the host's heartbeat stands still/m)
})

test('a new start, link or session makes no false rate', (t) => {
  const unknown = { recordsPerSecond: undefined, bytesPerSecond: undefined }
  t.is(watched(look(), look({ boot: 2, uptimeUs: 5 })).cores[0]?.load, undefined)
  t.like(watched(look(), look({ link: 2, offeredLink: 2 })).rings[0], unknown)
  const renewed = watched(look(), look({}, {}, 0), look({}, {}, 8), look({}, {}, 8))
  t.is(renewed.formerSession, 7)
  t.like(renewed.rings[0], { recordsPerSecond: 0 })
  t.like(watched(look(), look({}, {}, 8)).rings[0], unknown)
  t.regex(
    ringsTable('region', renewed, 80).join('\n'),
    /^! the region was made anew: .*0x00000007/m,
  )
})

test('a load over all the time there was is none, but for what two clocks may differ', (t) => {
  const load = (busyUs: number) => watched(look(), look({ uptimeUs: 999, busyUs })).cores[0]?.load
  t.is(load(1001), 1)
  t.is(load(101_000), 1)
  t.is(load(101_001), undefined)
})

test('a host that is silent has ended only where its file is gone too', (t) => {
  const ended = (isOrphaned: boolean, lastAtMs: number) => {
    const watch = new RegionWatch()
    watch.compare({ look: look(), atMs: 0, isOrphaned })
    return watch.compare({ look: look(), atMs: lastAtMs, isOrphaned }).hasEnded
  }
  t.true(ended(true, 2000))
  t.false(ended(true, 1999))
  t.false(ended(false, 60_000))
})

test('nonsense is shown as nonsense, and named', (t) => {
  const bad = look(
    { state: undefined, stateNumber: 77, session: 8, link: 1, offeredLink: 4 },
    { usedBytes: undefined, unread: undefined },
  )
  const lines = ringsTable('a\x1b[2J\nb', watched(bad, bad), Number.POSITIVE_INFINITY)
  const text = lines.join('\n')
  t.is(lines[0], 'a [2J b')
  t.regex(text, /^0 +\? 77 +1 +1 of 4 +wrong +still/m)
  t.regex(text, /^0 to-core +\? +\? +\? /m)
  t.regex(text, /^0 \? +\? +\? +\? /m)
  t.regex(text, /^! ring 0 to-core: its tail 4294967040 is not ahead of its head 0/m)
  t.regex(text, /^! ring 0 to-core: 4294967295 records published and 0 consumed/m)
  t.regex(text, /^! ring 0 \?: it does not fit$/m)
})

test('the stack is shown as a share, where a core knows it', (t) => {
  const text = (core: Partial<CoreLook>) =>
    ringsTable('region', watched(look(), look(core)), 200).join('\n')
  t.regex(text({}), /^0 +running .* -$/m)
  t.regex(text({ stackBytes: 32_768, stackUsed: 8192 }), /^0 +running .* 25\.0%$/m)
  t.regex(text(FULL_STACK), /^0 +running .* 100\.0%$/m)
})

test('the tables fit 80 and 120 columns with the largest figures that a system shows', (t) => {
  const high = { heartbeat: 11, blocks: 0xffffffff, streams: 128, ...FULL_STACK }
  const figures = watched(look(), look(high, { head: 0xffffffff, tail: 0xffffffff, full: 99_999 }))
  for (const [columns, tables] of [
    [80, 4],
    [120, 2],
    [1, 23],
  ] as const) {
    const lines = ringsTable('region', figures, columns)
    const titles = lines.filter((line) => /^(core|ring) /.test(line))
    t.is(titles.length, tables, `${columns} columns`)
    if (columns > 1) {
      const widest = Math.max(...lines.filter((line) => !line.startsWith('!')).map((l) => l.length))
      t.true(widest <= columns, `${widest}`)
    }
  }
})
