import { ArgumentError } from '../errors.ts'
import { RegionError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import type { RegionFilePlace } from './qemu-board.ts'

/**
 * Checks that another process can map a region: it gets the file, and maps it from its start as long
 * as it finds it.
 *
 * @param place where the region has to lie in it. Default: the whole file.
 * @throws {ArgumentError} where the region is no file's, or lies elsewhere in it.
 * @throws {RegionError} `ERR_CARILLON_REGION_TRUNCATED`.
 */
export function checkRegionFile(
  region: SharedRegion,
  place: RegionFilePlace = { offset: 0 },
): void {
  if (!region.isFile || region.offset !== place.offset) {
    const what = place.offset === 0 ? 'a whole file' : `a file at ${place.offset} bytes`
    throw new ArgumentError(`such a core shares ${what}, which ${region.path} is not`)
  }
  if (!region.isTruncated) return
  throw new RegionError(
    'ERR_CARILLON_REGION_TRUNCATED',
    `${region.path} has been cut short, and no core can start on it`,
  )
}
