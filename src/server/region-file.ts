import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { RegionError } from '../shm/errors.ts'
import type { NewFileOptions } from '../shm/region-allocation.ts'
import type { CreateRegionOptions } from '../shm/region-format.ts'
import { SharedRegion } from '../shm/shared-region.ts'

/** Memory with a name, on Linux: a file there is never written to a disk. */
const SHARED_MEMORY = '/dev/shm'

/** Of the number in a file's name. A file that is there is never taken for a new one. */
const NUMBERS = 2 ** 32

/** Where shared files are made, in this order. */
export const REGION_FOLDERS: readonly string[] = [SHARED_MEMORY, tmpdir()]

/**
 * Makes a region in a file that no other process uses: in shared memory or, where that is missing,
 * full or not to be written to, among the temporary files, with a warning.
 *
 * @param options `roomBytes` is how much of the file besides the region gets contents later, in bytes:
 *   there must be room for it. Default 0.
 * @param folders where to try, in this order.
 * @throws {ArgumentError} where an option is out of its range.
 * @throws {RegionError} `ERR_CARILLON_MAPPING` where it can be made nowhere.
 */
export function createRegionFile(
  options: CreateRegionOptions & NewFileOptions & { readonly roomBytes?: number },
  logger: Logger,
  folders = REGION_FOLDERS,
): SharedRegion {
  const problems: RegionError[] = []
  for (const folder of folders) {
    try {
      const region = SharedRegion.create(newPath(folder), options)
      removeAtExit(region)
      checkRoom(region, folder, options.roomBytes)
      const [first] = problems
      if (first !== undefined) {
        logger.warn({ code: first.code, region: region.path }, `${first.message}: ${folder} it is`)
      }
      return region
    } catch (error) {
      if (!(error instanceof RegionError) || error.code !== 'ERR_CARILLON_MAPPING') throw error
      problems.push(error)
    }
  }
  const why = problems.map(({ message }) => message).join('; ')
  throw new RegionError(
    'ERR_CARILLON_MAPPING',
    `the file that is shared with the cores can be made nowhere: ${why}. Make room in ${SHARED_MEMORY}, or name a folder that can be written to with TMPDIR`,
    { cause: problems[0] },
  )
}

/** @throws {RegionError} where there is too little room; the region is removed then. */
function checkRoom(region: SharedRegion, folder: string, roomBytes = 0): void {
  if (roomBytes === 0) return
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= roomBytes) return
  region.remove()
  region.close()
  throw new RegionError(
    'ERR_CARILLON_MAPPING',
    `${folder} has ${bavail * bsize} bytes left, and the memory of the cores takes up to ${roomBytes}`,
  )
}

/** Regions of this process, for those that are left when it exits in a hurry. */
const made = new Set<WeakRef<SharedRegion>>()

function removeAtExit(region: SharedRegion): void {
  if (made.size === 0) process.once('exit', removeAll)
  for (const reference of made) if (reference.deref() === undefined) made.delete(reference)
  made.add(new WeakRef(region))
}

function removeAll(): void {
  for (const reference of made) {
    try {
      reference.deref()?.remove()
    } catch {
      // The next start removes it.
    }
  }
}

function newPath(folder: string): string {
  const number = Math.floor(Math.random() * NUMBERS)
  return join(folder, `carillon-${process.pid}-${number.toString(16).padStart(8, '0')}`)
}
