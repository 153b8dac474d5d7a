import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { carillon } from '../support/carillon-command.ts'
import { cookbookChain, type EffectSpec } from '../support/cookbook.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { floatBytes } from '../support/wav-bytes.ts'
import { readAll, SPEECH, writeAll } from '../support/wav-files.ts'

/** Decibels below full scale of the greatest difference. */
function differenceDbfs(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let greatest = 0
  for (let at = 0; at < wanted.length; at++) {
    greatest = Math.max(greatest, Math.abs((found[at] ?? Number.NaN) - (wanted[at] ?? Number.NaN)))
  }
  return 20 * Math.log10(greatest)
}

function floats(samples: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(samples).buffer)
}

function option({ name, values }: EffectSpec): string[] {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  return ['--effect', `${name}:${pairs.join(',')}`]
}

/** Sends speech through a chain by the command, and says how far it is from the computed one. */
async function distance(
  t: ExecutionContext,
  chain: readonly EffectSpec[],
  options = chain.flatMap(option),
): Promise<number> {
  const input = SPEECH[0] ?? ''
  const output = join(temporaryFolder(t), 'out.wav')
  const { code, stderr } = await carillon(
    t,
    'process',
    input,
    output,
    ...options,
    '--format',
    'f32',
  )
  t.is(code, 0, stderr)
  const before = await readAll(input)
  const after = await readAll(output)
  t.is(after.frames, before.frames)
  const wanted = cookbookChain(chain, before.format.sampleRateHz, floats(before.samples))
  return differenceDbfs(floats(after.samples), wanted.samples)
}

const EQUALISER: EffectSpec[] = [
  { name: 'highpass', values: { hz: 80, q: 0.7 } },
  { name: 'lowshelf', values: { hz: 200, q: 0.7, db: -4 } },
  { name: 'peak', values: { hz: 1000.1, q: 100, db: 12 } },
  { name: 'notch', values: { hz: 50, q: 30 } },
  { name: 'bandpass', values: { hz: 700, q: 0.3 } },
  { name: 'highshelf', values: { hz: 6000, q: 0.9, db: 5.5 } },
  { name: 'lowpass', values: { hz: 15000, q: 0.5 } },
  { name: 'gain', values: { db: -1.5 } },
]

for (const effect of EQUALISER) {
  test(`${effect.name} does what the cookbook says, within -100 dBFS`, async (t) => {
    t.true((await distance(t, [effect])) < -100)
  })
}

test('a chain of all of them does too', async (t) => {
  t.true((await distance(t, EQUALISER)) < -100)
})

test('a chain as long as allowed, with much gain on the way, does too', async (t) => {
  const chain = [...EQUALISER, ...EQUALISER]
  chain[0] = { name: 'gain', values: { db: 40 } }
  chain[15] = { name: 'gain', values: { db: -50 } }
  t.true((await distance(t, chain)) < -100)
})

test('fir is a direct convolution, within -110 dBFS', async (t) => {
  const taps = Array.from({ length: 200 }, (_, at) => Math.cos(at * at) / (at + 1))
  t.true((await distance(t, [{ name: 'fir', values: { taps } }])) < -110)
})

test('fir takes its taps from a WAV file, at least as many as half a ring holds', async (t) => {
  const path = join(temporaryFolder(t), 'taps.wav')
  const taps = Float32Array.from({ length: 12_000 }, (_, at) => Math.cos(at) * 0.999 ** at * 0.02)
  const format = {
    sampleFormat: 'f32',
    channels: 1,
    sampleRateHz: 48_000,
    channelMask: undefined,
  } as const
  await writeAll(path, format, floatBytes(taps))
  const chain = [{ name: 'fir', values: { taps: [...taps] } }]
  t.true((await distance(t, chain, ['--effect', `fir:taps=${path}`])) < -110)
})

test('an effect changes the samples', async (t) => {
  const nothing: EffectSpec[] = []
  const options = option({ name: 'gain', values: { db: -1 } })
  t.true((await distance(t, nothing, options)) > -40)
})
