/** How a WAV file that Carillon writes stores its samples. */
export type SampleFormat = 's16' | 's24' | 's32' | 'f32'

/** How a WAV file that Carillon reads stores its samples. */
export type StoredFormat = SampleFormat | 'f64'

/** The formats that can be written: PCM of 16, 24 and 32 bits, IEEE 754 binary32. */
export const SAMPLE_FORMATS: readonly SampleFormat[] = ['s16', 's24', 's32', 'f32']

/** Bytes of one sample in each format. */
export const BYTES_PER_SAMPLE: Readonly<Record<StoredFormat, number>> = {
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
}

/** Bytes of one sample in memory and on the wire: IEEE 754 binary32, little-endian. */
export const FLOAT_BYTES = 4

/** Samples that their target format cannot hold. */
export interface LossCounts {
  /** Samples beyond full scale, set to full scale. */
  clipped: number
  /** Samples that were not a number (NaN), set to 0. */
  notANumber: number
}

const FULL_SCALE = { s16: 2 ** 15, s24: 2 ** 23, s32: 2 ** 31 }

/**
 * Turns stored samples into floats of [-1, 1): PCM is divided by its full scale, floats keep their
 * bits, NaN payloads included. 16 and 24 bits fit a float exactly; PCM of 32 bits and floats of 64
 * are rounded to the nearest float, so that the topmost 64 values of 32-bit PCM become 1.0.
 *
 * @param stored whole samples, little-endian, as in the file. Not kept.
 * @returns the floats' bytes (binary32, little-endian) in a buffer of their own.
 */
export function decodeSamples(format: StoredFormat, stored: Uint8Array): Uint8Array {
  const width = BYTES_PER_SAMPLE[format]
  const count = stored.length / width
  const floats = new Uint8Array(count * FLOAT_BYTES)
  if (format === 'f32') {
    floats.set(stored)
    return floats
  }
  // Data views rather than typed arrays: little-endian on any machine, at any alignment.
  const from = new DataView(stored.buffer, stored.byteOffset, stored.length)
  const to = new DataView(floats.buffer)
  for (let i = 0, at = 0; i < count; i++, at += width) {
    to.setFloat32(i * FLOAT_BYTES, decodeSample(format, from, at), true)
  }
  return floats
}

function decodeSample(format: Exclude<StoredFormat, 'f32'>, from: DataView, at: number): number {
  switch (format) {
    case 's16':
      return from.getInt16(at, true) / FULL_SCALE.s16
    case 's24':
      return ((from.getInt16(at + 1, true) << 8) | from.getUint8(at)) / FULL_SCALE.s24
    case 's32':
      return from.getInt32(at, true) / FULL_SCALE.s32
    case 'f64':
      return from.getFloat64(at, true)
  }
}

/**
 * Turns floats into stored samples, the reverse of {@link decodeSamples}. PCM is rounded to the
 * nearest value, halves to the even one, and held at full scale; what does not fit is counted.
 * A 1.0 that becomes 32-bit PCM is not: it is how the topmost values of that format read.
 *
 * @param floats whole samples (binary32, little-endian), at any alignment. Not kept.
 * @param target at least as long as the result; the samples go to its start.
 */
export function encodeSamples(
  format: SampleFormat,
  floats: Uint8Array,
  target: Uint8Array,
  counts: LossCounts,
): void {
  if (format === 'f32') {
    target.set(floats)
    return
  }
  const width = BYTES_PER_SAMPLE[format]
  const count = floats.length / FLOAT_BYTES
  const from = new DataView(floats.buffer, floats.byteOffset, floats.length)
  const to = new DataView(target.buffer, target.byteOffset, count * width)
  for (let i = 0, at = 0; i < count; i++, at += width) {
    const value = toPcm(format, from.getFloat32(i * FLOAT_BYTES, true), counts)
    if (format === 's16') {
      to.setInt16(at, value, true)
    } else if (format === 's24') {
      to.setInt16(at + 1, value >> 8, true)
      to.setUint8(at, value & 0xff)
    } else {
      to.setInt32(at, value, true)
    }
  }
}

/** Added and taken away again, this leaves a double below 2^51 rounded to an integer, half to even. */
const ROUNDER = 1.5 * 2 ** 52

function toPcm(format: keyof typeof FULL_SCALE, sample: number, counts: LossCounts): number {
  const fullScale = FULL_SCALE[format]
  const value = sample * fullScale + ROUNDER - ROUNDER
  if (value >= fullScale) {
    if (format !== 's32' || sample > 1) counts.clipped++
    return fullScale - 1
  }
  if (value < -fullScale) {
    counts.clipped++
    return -fullScale
  }
  if (Number.isNaN(value)) {
    counts.notANumber++
    return 0
  }
  return value
}
