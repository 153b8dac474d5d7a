import { type Stats, statSync } from 'node:fs'
import { RegionError } from '../shm/errors.ts'
import { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'

/**
 * Maps a region's file to look at it, so that nothing of it can be written.
 *
 * @throws {RegionError} where it cannot be mapped, or is no sound region of this version.
 */
export function openRegion(path: string): SharedRegion<'reader'> {
  const stats = fileAt(path)
  // Opening a pipe would wait for somebody who writes to it.
  if (!stats.isFile() && !stats.isCharacterDevice()) {
    throw new RegionError('ERR_CARILLON_MAPPING', `${path} is neither a file nor a device`)
  }
  return SharedRegion.attach(path)
}

/**
 * Call it before each look: what lies beyond the end of a file kills who touches it. A file that has
 * lost its name is not found any more, but nobody can cut it by its name either.
 *
 * @throws {RegionError} `ERR_CARILLON_REGION_SIZE` where the file is shorter than it was.
 */
export function checkLength(region: SharedRegion<'reader'>): void {
  if (region.isOrphaned) return
  const stats = statSync(region.path, { throwIfNoEntry: false })
  const mapped = region.memory.bytes.byteLength
  if (stats === undefined || !stats.isFile() || stats.size >= mapped) return
  throw new RegionError(
    'ERR_CARILLON_REGION_SIZE',
    `${region.path} has been cut to ${stats.size} bytes; its region is ${mapped}`,
  )
}

function fileAt(path: string): Stats {
  try {
    return statSync(path)
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      `${path} could not be opened: ${systemReason(error)}`,
      { cause: error },
    )
  }
}
