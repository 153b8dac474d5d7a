import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { convolve, cookbookChain, type EffectSpec, peakOf } from '../support/cookbook.ts'
import { EffectRenderer } from '../support/render-effect.ts'
import { noise, speech, tone } from '../support/signals.ts'

const run = promisify(execFile)

const firmware = join(import.meta.dirname, '../../../firmware')
// Of its own: other tests build too, at the same time.
const build = join(firmware, 'build/dsp-test')
const renderer = new EffectRenderer(join(build, 'test/render_effect'))

const MINUTES = 60_000

/** Status that the firmware gives for a value out of range (CARILLON_STATUS_VALUE). */
const STATUS_VALUE = 5

/** How near hz may come to zero and to half the sample rate: BIQUAD_EDGE, and a hair for rounding. */
const EDGE = 5.000001e-6
const BIQUADS = ['lowpass', 'highpass', 'bandpass', 'notch', 'peak', 'lowshelf', 'highshelf']
const WITH_DB = ['peak', 'lowshelf', 'highshelf']

test.before('build', async (t) => {
  t.timeout(5 * MINUTES)
  await run('make', ['-j4', '-C', firmware, `BUILD=${build}`, 'tests'])
})

for (const name of readdirSync(join(firmware, 'test'))) {
  if (!name.endsWith('_test.c')) continue
  const program = name.slice(0, -'.c'.length)
  test(`${program} passes`, async (t) => {
    t.timeout(5 * MINUTES)
    await t.notThrowsAsync(run(join(build, 'test', program)))
  })
}

/** Decibels by which `found` is off, at its worst sample, below full scale or the peak above it. */
function errorDb(found: ArrayLike<number>, wanted: Float64Array): number {
  const worst = wanted.reduce(
    (most, sample, i) => Math.max(most, Math.abs(sample - (found[i] ?? Number.NaN))),
    0,
  )
  // Less than half a step of float32 below full scale is no error.
  return 20 * Math.log10(Math.max(worst / Math.max(1, peakOf(wanted)), 2 ** -40))
}

/** Settings of a filter or a gain within the ranges that the firmware declares. */
function settings(sampleRateHz: number): fc.Arbitrary<EffectSpec> {
  const described = renderer.describe()
  const within = (name: string, param: string): fc.Arbitrary<number> => {
    const range = described.get(name)?.find((one) => one.name === param)
    if (range === undefined) throw new Error(`The firmware has no ${param} of ${name}`)
    const min = param === 'hz' ? Math.max(range.min, EDGE * sampleRateHz) : range.min
    const max = param === 'hz' ? Math.min(range.max, (0.5 - EDGE) * sampleRateHz) : range.max
    // The whole scale of what is logarithmic, with its ends.
    return range.scale === 0
      ? fc.double({ min, max, noNaN: true })
      : fc
          .double({ min: Math.log(min), max: Math.log(max), noNaN: true })
          .map((log) => Math.min(max, Math.max(min, Math.exp(log))))
  }
  return fc.oneof(
    fc.record({ name: fc.constant('gain'), values: fc.record({ db: within('gain', 'db') }) }),
    ...BIQUADS.map((name) =>
      fc.record({
        name: fc.constant(name),
        values: fc.record({
          hz: within(name, 'hz'),
          q: within(name, 'q'),
          ...(WITH_DB.includes(name) ? { db: within(name, 'db') } : {}),
        }),
      }),
    ),
  )
}

const sampleRates = fc.oneof(
  fc.constantFrom(8000, 44_100, 48_000, 96_000, 192_000, 768_000),
  fc.integer({ min: 1, max: 768_000 }),
)

/** What goes through the chains of a property, by name: for a counterexample that can be read. */
type Sources = Record<string, Float32Array>

/** The channels of a rendering, by their names in `sources`. */
const channelsOf = (sources: Sources): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...Object.keys(sources)), { minLength: 1, maxLength: 8 })

const pick = (sources: Sources, names: readonly string[]): Float32Array[] =>
  names.map((name) => sources[name] ?? new Float32Array())

const blockCuts = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 5 })

test('any chain of filters and gains is within -100 dBFS of the cookbook', (t) => {
  t.timeout(5 * MINUTES)
  const voice = speech()
  const sources = { voice, noise: noise(voice.length, 1) }
  let worst = Number.NEGATIVE_INFINITY
  let compared = 0
  fc.assert(
    fc.property(
      sampleRates.chain((sampleRateHz) =>
        fc.record({
          sampleRateHz: fc.constant(sampleRateHz),
          chain: fc.array(settings(sampleRateHz), { minLength: 1, maxLength: 16 }),
        }),
      ),
      channelsOf(sources),
      blockCuts,
      ({ sampleRateHz, chain }, names, blocks) => {
        const wanted = new Map(
          Object.entries(sources).map(([name, input]) => [
            name,
            cookbookChain(chain, sampleRateHz, input),
          ]),
        )
        // A double has some 300 dB. A chain that goes far over full scale and back again spends
        // them, whoever computes it.
        fc.pre([...wanted.values()].every(({ peak }) => peak < 1e6))
        const channels = pick(sources, names)
        renderer.render({ sampleRateHz, chain, channels, blocks }).forEach((found, channel) => {
          const samples = wanted.get(names[channel] ?? '')?.samples ?? new Float64Array()
          const error = errorDb(found, samples)
          if (!(error <= -100)) throw new Error(`Off by ${error} dBFS`)
          worst = Math.max(worst, error)
          compared++
        })
      },
    ),
    { numRuns: 150, maxSkipsPerRun: 1000 },
  )
  t.log(`${compared} channels compared, the worst ${worst.toFixed(1)} dBFS`)
  t.true(worst <= -100)
})

for (const name of BIQUADS) {
  test(`${name} is within -130 dBFS of the cookbook in every corner of its ranges`, (t) => {
    t.timeout(5 * MINUTES)
    const voice = speech().subarray(20_000, 32_000)
    const random = noise(voice.length, 2)
    let worst = Number.NEGATIVE_INFINITY
    for (const sampleRateHz of [1, 48_000, 768_000]) {
      for (const share of [EDGE, 1e-3, 0.02, 0.25, 0.45, 0.5 - EDGE]) {
        const hz = Math.max(sampleRateHz * share, 1e-3)
        for (const q of [0.01, Math.SQRT1_2, 100]) {
          for (const db of WITH_DB.includes(name) ? [-60, 0, 60] : [undefined]) {
            const chain = [{ name, values: db === undefined ? { hz, q } : { hz, q, db } }]
            const [first, second] = renderer.render({
              sampleRateHz,
              channels: [voice, random],
              chain,
            })
            for (const [found, input] of [
              [first, voice],
              [second, random],
            ] as const) {
              const { samples } = cookbookChain(chain, sampleRateHz, input)
              const error = errorDb(found ?? [], samples)
              worst = Math.max(worst, error)
              if (!(error <= -130)) t.fail(`Off by ${error} dBFS with ${JSON.stringify(chain)}`)
            }
          }
        }
      }
    }
    t.log(`the worst ${worst.toFixed(1)} dBFS`)
    t.true(worst <= -130)
  })
}

/** Magnitude of an analog prototype of the cookbook at `s = i * w`. */
const prototypes: Record<string, (w: number, q: number, A: number) => number> = {
  lowpass: (w, q) => 1 / Math.hypot(1 - w * w, w / q),
  highpass: (w, q) => (w * w) / Math.hypot(1 - w * w, w / q),
  bandpass: (w, q) => w / q / Math.hypot(1 - w * w, w / q),
  notch: (w, q) => Math.abs(1 - w * w) / Math.hypot(1 - w * w, w / q),
  peak: (w, q, A) => Math.hypot(1 - w * w, (w * A) / q) / Math.hypot(1 - w * w, w / (q * A)),
  lowshelf: (w, q, A) =>
    (A * Math.hypot(A - w * w, (w * Math.sqrt(A)) / q)) /
    Math.hypot(1 - A * w * w, (w * Math.sqrt(A)) / q),
  highshelf: (w, q, A) =>
    (A * Math.hypot(1 - A * w * w, (w * Math.sqrt(A)) / q)) /
    Math.hypot(A - w * w, (w * Math.sqrt(A)) / q),
}

// Knows no digital formula: were one of them wrong in the firmware and in cookbook.ts alike, this
// would show it.
for (const [name, magnitude] of Object.entries(prototypes)) {
  test(`${name} has the response of its analog prototype`, (t) => {
    const sampleRateHz = 48_000
    const impulse = new Float32Array(8000)
    impulse[0] = 1
    for (const [hz, q, db] of [
      [1000, Math.SQRT1_2, 12],
      [300, 3, -9],
      [8000, 0.5, 18],
    ] as const) {
      const values = WITH_DB.includes(name) ? { hz, q, db } : { hz, q }
      const [response = []] = renderer.render({
        sampleRateHz,
        channels: [impulse],
        chain: [{ name, values }],
      })
      for (const at of [50, 200, 299, 1000, 3000, 7900, 16_000, 23_000]) {
        let [real, imaginary] = [0, 0]
        for (const [n, sample] of response.entries()) {
          real += sample * Math.cos((2 * Math.PI * at * n) / sampleRateHz)
          imaginary -= sample * Math.sin((2 * Math.PI * at * n) / sampleRateHz)
        }
        // The bilinear transform's warp.
        const w = Math.tan((Math.PI * at) / sampleRateHz) / Math.tan((Math.PI * hz) / sampleRateHz)
        const wanted = magnitude(w, q, 10 ** (db / 40))
        const found = Math.hypot(real, imaginary)
        t.true(Math.abs(found - wanted) < 1e-5, `${found}, not ${wanted} at ${at} Hz`)
      }
    }
  })
}

test('gain and its default are exact to float32', (t) => {
  const input = noise(5000, 3)
  const render = (values: EffectSpec['values']) =>
    renderer.render({ sampleRateHz: 48_000, channels: [input], chain: [{ name: 'gain', values }] })
  t.deepEqual(render({}), [input])
  for (const db of [-120, -6, 20, 60]) {
    t.deepEqual(render({ db }), [input.map((x) => x * 10 ** (db / 20))])
  }
})

const tapLists = (maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength, size: 'max' })

test('fir is within -110 dBFS of a direct convolution', (t) => {
  t.timeout(5 * MINUTES)
  const voice = speech().subarray(20_000, 28_000)
  const sources = { voice, noise: noise(voice.length, 4) }
  let worst = Number.NEGATIVE_INFINITY
  fc.assert(
    fc.property(
      sampleRates,
      tapLists(1000),
      channelsOf(sources),
      blockCuts,
      (sampleRateHz, taps, names, blocks) => {
        const wanted = new Map(
          Object.entries(sources).map(([name, input]) => [name, convolve(taps, input)]),
        )
        const chain = [{ name: 'fir', values: { taps } }]
        const channels = pick(sources, names)
        renderer.render({ sampleRateHz, chain, channels, blocks }).forEach((found, channel) => {
          const error = errorDb(found, wanted.get(names[channel] ?? '') ?? new Float64Array())
          if (!(error <= -110)) throw new Error(`Off by ${error} dBFS`)
          worst = Math.max(worst, error)
        })
      },
    ),
    { numRuns: 40 },
  )
  t.log(`the worst ${worst.toFixed(1)} dBFS`)
  t.true(worst <= -110)
})

test('fir takes as many taps as a list may have', (t) => {
  t.timeout(2 * MINUTES)
  const taps = [...noise(16_384, 5)]
  const input = speech().subarray(0, 30_000)
  const [found = []] = renderer.render({
    sampleRateHz: 48_000,
    channels: [input],
    chain: [{ name: 'fir', values: { taps } }],
  })
  const error = errorDb(found, convolve(taps, input))
  t.log(`off by ${error.toFixed(1)} dBFS`)
  t.true(error <= -110)
})

test('where the stream is cut into blocks changes no bit', (t) => {
  t.timeout(5 * MINUTES)
  const voice = speech().subarray(20_000, 24_000)
  const random = noise(voice.length, 6)
  const sources = {
    voice,
    noise: random,
    // A filter rings out into the smallest numbers.
    click: random.map((x, i) => (i < 3 ? x : 0)),
    // What a broken client may send.
    broken: random.map((x, i) => ([Number.NaN, Infinity, -Infinity, 1e38][i % 977] ?? 1) * x),
  }
  const others = fc.oneof(
    fc.record({ name: fc.constant('fir'), values: fc.record({ taps: tapLists(700) }) }),
    fc.record({
      name: fc.constant('pluck'),
      values: fc.record({
        hz: fc.double({ min: 20, max: 10_000, noNaN: true }),
        decay: fc.double({ min: 0.05, max: 60, noNaN: true }),
        interval: fc.constant(0.1),
      }),
    }),
  )
  const sampleRateHz = 48_000
  fc.assert(
    fc.property(
      fc.array(fc.oneof(settings(sampleRateHz), others), { minLength: 1, maxLength: 16 }),
      channelsOf(sources),
      blockCuts,
      (chain, names, blocks) => {
        const channels = pick(sources, names)
        const whole = renderer.render({ sampleRateHz, chain, channels })
        const cut = renderer.render({ sampleRateHz, chain, channels, blocks })
        whole.forEach((samples, channel) => {
          const same = samples.every((sample, i) => Object.is(sample, cut[channel]?.[i]))
          if (!same) throw new Error(`Channel ${channel} differs`)
        })
      },
    ),
    { numRuns: 100 },
  )
  t.pass()
})

test('values that the sample rate does not allow are refused by name', (t) => {
  const channels = [new Float32Array(1)]
  const gain: EffectSpec = { name: 'gain', values: {} }
  for (const name of BIQUADS) {
    const chain = [gain, { name, values: { hz: 24_000 } }]
    const refused = { status: STATUS_VALUE, position: 1, param: 0 }
    t.deepEqual(renderer.refusal({ sampleRateHz: 48_000, channels, chain }), refused)
  }
  t.deepEqual(
    renderer.refusal({ sampleRateHz: 1, channels, chain: [{ name: 'pluck', values: {} }] }),
    { status: STATUS_VALUE, position: 0, param: 0 },
  )
  t.deepEqual(
    renderer.refusal({ sampleRateHz: 1, channels, chain: [{ name: 'fir', values: {} }] }),
    { status: STATUS_VALUE, position: 0, param: 0 },
  )
})

test('a plucked string has its pitch within a cent and its decay within 5 %', (t) => {
  t.timeout(2 * MINUTES)
  let [worstCents, worstDecay] = [0, 0]
  for (const sampleRateHz of [8000, 44_100, 48_000, 192_000]) {
    for (const hz of [20, 55, 110, 146.83, 220, 261.63, 440, 1000, 1760, 1999, 5000, 12_000]) {
      if (hz > sampleRateHz / 4) continue
      for (const decay of [0.5, 2, 10]) {
        const period = sampleRateHz / hz
        // Long enough to tell the fundamental from what is beside it; both windows whole periods
        // apart.
        const length = Math.round(Math.max(0.1 * sampleRateHz, 12 * period))
        const apart = Math.max(1, Math.round((0.1 * sampleRateHz) / period)) * period
        const from = Math.round(4 * period)
        const to = from + Math.round(apart)
        const [string = []] = renderer.render({
          sampleRateHz,
          channels: [new Float32Array(to + length)],
          chain: [{ name: 'pluck', values: { hz, decay, interval: 60, level: 0 } }],
        })
        const first = tone(string, hz / sampleRateHz, from, length)
        const second = tone(string, hz / sampleRateHz, to, length)
        const turned = (second.phase - first.phase) / (2 * Math.PI)
        const offHz = (turned - Math.round(turned)) / ((to - from) / sampleRateHz)
        const cents = 1200 * Math.log2((hz + offHz) / hz)
        const seconds = (to - from) / sampleRateHz
        const fell = 20 * Math.log10(first.amplitude / second.amplitude)
        const decayOff = (60 * seconds) / fell / decay - 1
        worstCents = Math.max(worstCents, Math.abs(cents))
        worstDecay = Math.max(worstDecay, Math.abs(decayOff))
        const where = `${hz} Hz of ${decay} s at ${sampleRateHz} Hz`
        t.true(Math.abs(cents) < 1, `${where}: ${cents} cents`)
        t.true(Math.abs(decayOff) < 0.05, `${where}: decay off by ${decayOff}`)
      }
    }
  }
  t.log(`at worst ${worstCents.toFixed(3)} cents and ${(100 * worstDecay).toFixed(2)} % off`)
})

test('of a plucked string the high tones die first', (t) => {
  const sampleRateHz = 48_000
  const [string = []] = renderer.render({
    sampleRateHz,
    channels: [new Float32Array(sampleRateHz)],
    chain: [{ name: 'pluck', values: { hz: 220, interval: 60 } }],
  })
  const left = [1, 6, 16, 31].map((harmonic) => {
    const at = (harmonic * 220) / sampleRateHz
    return tone(string, at, 24_000, 6000).amplitude / tone(string, at, 300, 6000).amplitude
  })
  t.log(left.map((share) => `${(20 * Math.log10(share)).toFixed(1)} dB`).join(', '))
  t.deepEqual(
    left,
    left.toSorted((a, b) => b - a),
  )
})
