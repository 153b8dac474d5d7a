import { crc32 } from 'node:zlib'
import { HEADER_BYTES } from './ring-geometry.ts'
import type { Memory } from './struct-view.ts'

/** Bytes at the end of a payload that are its record's checksum: see `RECORD_FLAG.CHECKSUM`. */
export const CHECKSUM_BYTES = 4

/** Into the last bytes of the record at `at`, which is `bytes` long with its header. */
export function writeChecksum({ bytes: memory }: Memory, at: number, bytes: number): void {
  const end = at + bytes - CHECKSUM_BYTES
  const checksum = crc32(memory.subarray(at, end))
  // By bytes: the end of a payload is aligned to nothing.
  for (let byte = 0; byte < CHECKSUM_BYTES; byte++) memory[end + byte] = checksum >>> (8 * byte)
}

/** Whether the record at `at`, which is `bytes` long with its header, has what was written above. */
export function hasRightChecksum({ bytes: memory }: Memory, at: number, bytes: number): boolean {
  if (bytes < HEADER_BYTES + CHECKSUM_BYTES) return false
  const end = at + bytes - CHECKSUM_BYTES
  let found = 0
  for (let byte = CHECKSUM_BYTES - 1; byte >= 0; byte--) {
    found = (found << 8) | (memory[end + byte] ?? 0)
  }
  return found >>> 0 === crc32(memory.subarray(at, end))
}
