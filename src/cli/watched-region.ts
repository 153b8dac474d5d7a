import { statSync } from 'node:fs'
import { RegionError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'

/**
 * Call it before each look: what lies beyond the end of a file reads as zeros, or kills who touches
 * it where nothing guards against that. A file that has lost its name is not found any more, but
 * nobody can cut it by its name either.
 *
 * @throws {RegionError} `ERR_CARILLON_REGION_TRUNCATED` where the file is shorter than it was.
 */
export function checkLength(region: SharedRegion<'reader'>): void {
  if (region.isTruncated) throw cutShort(region.path)
  if (region.isOrphaned) return
  const stats = statSync(region.path, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile()) return
  if (stats.size < region.offset + region.memory.bytes.byteLength) throw cutShort(region.path)
}

function cutShort(path: string): RegionError {
  return new RegionError(
    'ERR_CARILLON_REGION_TRUNCATED',
    `${path} was cut short while it was mapped`,
  )
}
