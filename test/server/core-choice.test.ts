import test from 'ava'
import fc from 'fast-check'
import { type CoreSituation, chooseCore } from '../../src/server/core-choice.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'

const IDLE: CoreSituation = { isRunning: true, silentMs: 0, streams: 0, load: 0, streamAgesMs: [] }

/** The index of the chosen one, -1 for none. */
function choice(...cores: Partial<CoreSituation>[]): number {
  const all = cores.map((core) => ({ ...IDLE, ...core }))
  const chosen = chooseCore(all)
  return chosen === undefined ? -1 : all.indexOf(chosen)
}

const situation: fc.Arbitrary<CoreSituation> = fc
  .record({
    isRunning: fc.boolean(),
    silentMs: fc.constantFrom(0, 500, 501, 10_000),
    streams: fc.oneof(fc.nat(3), fc.integer({ min: LIMITS.STREAMS_MAX - 1, max: 200 })),
    load: fc.double({ min: 0, max: 1, noNaN: true }),
    ages: fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 3 }),
  })
  .map(({ ages, ...rest }) => ({ ...rest, streamAgesMs: ages.slice(0, rest.streams) }))
const situations = fc.array(situation, { maxLength: LIMITS.CORES_MAX })

const isAble = ({ isRunning, streams }: CoreSituation) => isRunning && streams < LIMITS.STREAMS_MAX
const beats = ({ silentMs }: CoreSituation) => silentMs <= 500

test('the core with the least load is chosen', (t) => {
  t.is(choice({ load: 0.5 }, { load: 0.2 }, { load: 0.9 }), 1)
  t.is(choice({ load: 0.5, streams: 1 }, { load: 0.2, streams: 50 }), 1)
})

test('of cores as loaded, the one with the fewest streams is chosen, then the first', (t) => {
  t.is(choice({ streams: 2 }, { streams: 1 }, { streams: 1 }), 1)
  t.is(choice({ load: 0.01, streams: 2 }, { load: 0.04, streams: 1 }), 1)
  t.is(choice({}, {}, {}), 0)
})

test('a stream counts before its load shows, ever less, until it does', (t) => {
  const others = { load: 0.2 }
  t.is(choice({ streams: 1, streamAgesMs: [0] }, others), 1)
  t.is(choice({ streams: 1, streamAgesMs: [500] }, others), 0)
  t.is(choice({ streams: 2, streamAgesMs: [500, 500] }, others), 1)
  t.is(choice({ streams: 2, streamAgesMs: [1000, 9000] }, { load: 0.05 }), 0)
})

test('a core that is full or does not run is not chosen', (t) => {
  const full = { streams: LIMITS.STREAMS_MAX }
  t.is(choice(full, { load: 1 }), 1)
  t.is(choice({ isRunning: false }, { load: 1 }), 1)
  t.is(choice({ streams: LIMITS.STREAMS_MAX - 1 }), 0)
  t.is(choice(full, { isRunning: false }), -1)
  t.is(choice(), -1)
})

test('a core that stands still is chosen only where none beats', (t) => {
  t.is(choice({ silentMs: 501 }, { load: 1 }), 1)
  t.is(choice({ silentMs: 500 }, { load: 1 }), 0)
  t.is(choice({ silentMs: 501 }, { silentMs: 501, load: 1 }), 0)
})

test('whoever is chosen is able, and beats where any does; where any is able, one is chosen', (t) => {
  fc.assert(
    fc.property(situations, (cores) => {
      const chosen = chooseCore(cores)
      const able = cores.filter(isAble)
      if (chosen === undefined) return able.length === 0
      return able.includes(chosen) && (beats(chosen) || !able.some(beats))
    }),
  )
  t.pass()
})

test('no other has less load and fewer streams than the chosen one', (t) => {
  fc.assert(
    fc.property(situations, (cores) => {
      const chosen = chooseCore(cores)
      if (chosen === undefined) return true
      const expected = (core: CoreSituation) =>
        core.load + core.streamAgesMs.reduce((sum, age) => sum + Math.max(0, 1 - age / 1000) / 4, 0)
      return !cores.some(
        (core) =>
          isAble(core) &&
          beats(core) >= beats(chosen) &&
          (expected(core) < expected(chosen) - 0.05 ||
            (expected(core) < expected(chosen) && core.streams < chosen.streams)),
      )
    }),
  )
  t.pass()
})

test('streams that come at once are spread evenly over cores that are alike', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 64 }),
      (count, streams) => {
        const held: number[][] = Array.from({ length: count }, () => [])
        for (let stream = 0; stream < streams; stream++) {
          const cores = held.map((ages) => ({
            ...IDLE,
            ages,
            streams: ages.length,
            streamAgesMs: ages,
          }))
          chooseCore(cores)?.ages.push(0)
        }
        const sizes = held.map(({ length }) => length)
        return Math.max(...sizes) - Math.min(...sizes) <= 1
      },
    ),
  )
  t.pass()
})
