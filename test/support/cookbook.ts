/**
 * The filters of the Audio EQ Cookbook (https://www.w3.org/TR/audio-eq-cookbook/) in double
 * precision, to compare the firmware with. Written from the note: its formulas in its own words,
 * direct form I, nothing normalised beforehand.
 */

/** What is divided by `a0` only where a sample is computed. */
interface Coefficients {
  b0: number
  b1: number
  b2: number
  a0: number
  a1: number
  a2: number
}

/** An effect as the tests name it: its parameters by name. */
export interface EffectSpec {
  name: string
  values: Record<string, number | readonly number[]>
}

/** One channel behind a chain. */
export interface CookbookResult {
  samples: Float64Array
  /** The loudest sample before, within and behind the chain. */
  peak: number
}

/** Computes a whole chain over one channel. */
export function cookbookChain(
  chain: readonly EffectSpec[],
  sampleRateHz: number,
  input: ArrayLike<number>,
): CookbookResult {
  let samples: Float64Array = Float64Array.from(input)
  let peak = peakOf(samples)
  for (const effect of chain) {
    samples = cookbookEffect(effect, sampleRateHz, samples)
    peak = Math.max(peak, peakOf(samples))
  }
  return { samples, peak }
}

/** The largest magnitude. */
export function peakOf(samples: Float64Array): number {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
}

function cookbookEffect(
  effect: EffectSpec,
  sampleRateHz: number,
  input: Float64Array,
): Float64Array {
  if (effect.name === 'gain') {
    const factor = 10 ** (numberOf(effect, 'db') / 20)
    return input.map((x) => factor * x)
  }
  if (effect.name === 'fir') return convolve(listOf(effect, 'taps'), input)
  return directFormOne(coefficients(effect, sampleRateHz), input)
}

/** `y[n] = (b0/a0)x[n] + (b1/a0)x[n-1] + (b2/a0)x[n-2] - (a1/a0)y[n-1] - (a2/a0)y[n-2]` (Eq. 4). */
function directFormOne(c: Coefficients, input: Float64Array): Float64Array {
  const output = new Float64Array(input.length)
  let [x1, x2, y1, y2] = [0, 0, 0, 0]
  input.forEach((x, n) => {
    const y =
      (c.b0 / c.a0) * x +
      (c.b1 / c.a0) * x1 +
      (c.b2 / c.a0) * x2 -
      (c.a1 / c.a0) * y1 -
      (c.a2 / c.a0) * y2
    ;[x2, x1, y2, y1] = [x1, x, y1, y]
    output[n] = y
  })
  return output
}

function coefficients(effect: EffectSpec, sampleRateHz: number): Coefficients {
  const w0 = (2 * Math.PI * numberOf(effect, 'hz')) / sampleRateHz
  const cos = Math.cos(w0)
  const alpha = Math.sin(w0) / (2 * numberOf(effect, 'q'))
  const poles = { a0: 1 + alpha, a1: -2 * cos, a2: 1 - alpha }
  switch (effect.name) {
    case 'lowpass':
      return { b0: (1 - cos) / 2, b1: 1 - cos, b2: (1 - cos) / 2, ...poles }
    case 'highpass':
      return { b0: (1 + cos) / 2, b1: -(1 + cos), b2: (1 + cos) / 2, ...poles }
    case 'bandpass':
      return { b0: alpha, b1: 0, b2: -alpha, ...poles }
    case 'notch':
      return { b0: 1, b1: -2 * cos, b2: 1, ...poles }
  }
  const A = 10 ** (numberOf(effect, 'db') / 40)
  const root = 2 * Math.sqrt(A) * alpha
  switch (effect.name) {
    case 'peak':
      return {
        b0: 1 + alpha * A,
        b1: -2 * cos,
        b2: 1 - alpha * A,
        a0: 1 + alpha / A,
        a1: -2 * cos,
        a2: 1 - alpha / A,
      }
    case 'lowshelf':
      return {
        b0: A * (A + 1 - (A - 1) * cos + root),
        b1: 2 * A * (A - 1 - (A + 1) * cos),
        b2: A * (A + 1 - (A - 1) * cos - root),
        a0: A + 1 + (A - 1) * cos + root,
        a1: -2 * (A - 1 + (A + 1) * cos),
        a2: A + 1 + (A - 1) * cos - root,
      }
    case 'highshelf':
      return {
        b0: A * (A + 1 + (A - 1) * cos + root),
        b1: -2 * A * (A - 1 + (A + 1) * cos),
        b2: A * (A + 1 + (A - 1) * cos - root),
        a0: A + 1 - (A - 1) * cos + root,
        a1: 2 * (A - 1 - (A + 1) * cos),
        a2: A + 1 - (A - 1) * cos - root,
      }
  }
  throw new Error(`The cookbook has no ${effect.name}`)
}

/** `y[n] = sum of taps[k] * x[n - k]`, the oldest first. */
export function convolve(taps: readonly number[], input: ArrayLike<number>): Float64Array {
  const output = new Float64Array(input.length)
  for (let n = 0; n < input.length; n++) {
    let sum = 0
    for (let k = Math.min(n, taps.length - 1); k >= 0; k--) {
      sum += (taps[k] ?? 0) * (input[n - k] ?? 0)
    }
    output[n] = sum
  }
  return output
}

function numberOf(effect: EffectSpec, name: string): number {
  const value = effect.values[name]
  if (typeof value !== 'number') throw new Error(`${effect.name} needs a number for ${name}`)
  return value
}

function listOf(effect: EffectSpec, name: string): readonly number[] {
  const value = effect.values[name]
  if (typeof value !== 'object') throw new Error(`${effect.name} needs a list for ${name}`)
  return value
}
