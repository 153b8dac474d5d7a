import { ArgumentError } from '../errors.ts'
import { RegionError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'

/**
 * Checks that another process can map a region: it gets the file, and maps it from its start as long
 * as it finds it.
 *
 * @throws {ArgumentError} where the region is no whole file's.
 * @throws {RegionError} `ERR_CARILLON_REGION_TRUNCATED`.
 */
export function checkWholeFile(region: SharedRegion): void {
  if (!region.isFile) {
    throw new ArgumentError(`a core shares a whole file, which ${region.path} is not`)
  }
  if (!region.isTruncated) return
  throw new RegionError(
    'ERR_CARILLON_REGION_TRUNCATED',
    `${region.path} has been cut short, and no core can start on it`,
  )
}
