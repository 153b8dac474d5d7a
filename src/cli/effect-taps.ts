import { WavReader } from '../audio/wav-reader.ts'
import { samplesOf } from '../client/float-bytes.ts'
import { JobError } from './errors.ts'

/** More than any server takes: a bound on what is read before it is asked. */
const MAX_TAPS = 2 ** 18

/** The samples of a WAV file as the values of an effect's parameter. */
export interface EffectTaps {
  readonly values: Float32Array
  readonly sampleRateHz: number
}

/**
 * Reads a file for an effect. It has one channel: which of several to take, or whether to mix them,
 * is not for this program to guess.
 *
 * @throws {WavError} where it cannot be read.
 * @throws {JobError} `ERR_CARILLON_EFFECT_TAPS` where it is no list of values.
 */
export async function readEffectTaps(path: string): Promise<EffectTaps> {
  const reader = await WavReader.open(path)
  try {
    const { channels, sampleRateHz } = reader.format
    if (channels !== 1) throw unusable(path, `has ${channels} channels; it must have 1`)
    if (reader.frames === 0) throw unusable(path, 'has no samples')
    if (reader.frames > MAX_TAPS) {
      throw unusable(path, `has ${reader.frames} samples, more than the ${MAX_TAPS} that are read`)
    }
    const samples = (await reader.read(reader.frames)) ?? new Uint8Array()
    return { values: samplesOf(samples), sampleRateHz }
  } finally {
    await reader.close()
  }
}

function unusable(path: string, why: string): JobError {
  return new JobError('ERR_CARILLON_EFFECT_TAPS', `${path}, given to an effect, ${why}`)
}
