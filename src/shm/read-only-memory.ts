import { checkBytes } from '../arguments.ts'
import { RegionError } from './errors.ts'

const readOnly = new WeakSet<ArrayBufferLike>()

/** For memory that is mapped for looking only: a store into it would end the process. */
export function markReadOnly(memory: ArrayBufferLike): void {
  readOnly.add(memory)
}

/**
 * To be asked by whatever is going to write.
 *
 * @throws {ArgumentError} where it is no Uint8Array.
 * @throws {RegionError} `ERR_CARILLON_REGION_READ_ONLY`.
 */
export function checkWritable(memory: Uint8Array): void {
  if (!readOnly.has(checkBytes("a ring's memory", memory).buffer)) return
  throw new RegionError(
    'ERR_CARILLON_REGION_READ_ONLY',
    'this memory is mapped for looking only, and the end of a ring or queue writes, one that reads too',
  )
}
