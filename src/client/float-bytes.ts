import { endianness } from 'node:os'

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT
const IS_LITTLE_ENDIAN = endianness() === 'LE'

/**
 * The samples in a block's `data`. A view of the same memory where the machine allows that, else a
 * copy.
 */
export function samplesOf(data: Uint8Array): Float32Array {
  const count = data.length / FLOAT_BYTES
  if (IS_LITTLE_ENDIAN && data.byteOffset % FLOAT_BYTES === 0) {
    return new Float32Array(data.buffer, data.byteOffset, count)
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * FLOAT_BYTES, true))
}

/** Samples as the wire has them (IEEE 754 binary32, little-endian): a view where possible. */
export function bytesOf(samples: Float32Array): Uint8Array {
  if (IS_LITTLE_ENDIAN) {
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  }
  const bytes = new Uint8Array(samples.byteLength)
  const view = new DataView(bytes.buffer)
  for (const [i, sample] of samples.entries()) view.setFloat32(i * FLOAT_BYTES, sample, true)
  return bytes
}
