import { CarillonError } from '../errors.ts'

/**
 * A shared region could not be made or is not what it must be.
 *
 * Where it lies:
 * - `ERR_CARILLON_MAPPING`: it could not be opened, sized or mapped; `cause` has the reason.
 * - `ERR_CARILLON_MAPPING_UNAVAILABLE`: neither the package that maps files nor the native addon is
 *   there.
 * - `ERR_CARILLON_REGION_SYMLINK`: a symbolic link stands in its place.
 * - `ERR_CARILLON_REGION_KIND`: it is neither a regular file nor a UIO device nor `/dev/mem`.
 * - `ERR_CARILLON_REGION_OWNER`: it belongs to another user, who could cut it short, and not to root.
 * - `ERR_CARILLON_REGION_SIZE`: it is too short for a region, or for what the region says of itself.
 * - `ERR_CARILLON_REGION_ALIGNMENT`: it is not whole pages, or does not start on one.
 *
 * What is in it:
 * - `ERR_CARILLON_REGION_MAGIC`: it is not a region of Carillon's, or not yet one.
 * - `ERR_CARILLON_REGION_VERSION`: it was made by a version whose layout means something else.
 * - `ERR_CARILLON_REGION_LAYOUT`: it was made by a version with another layout.
 * - `ERR_CARILLON_REGION_SESSION`: it has no session.
 * - `ERR_CARILLON_REGION_RINGS`: its ring descriptors contradict themselves, or overlap.
 *
 * What became of it:
 * - `ERR_CARILLON_REGION_TRUNCATED`: its file was cut short while it was mapped.
 * - `ERR_CARILLON_REGION_DAMAGED`: another process wrote over what only the host writes.
 * - `ERR_CARILLON_REGION_ORPHANED`: its name is gone, or is another file's.
 * - `ERR_CARILLON_REGION_CLOSED`: it was closed, or its file was removed or is only looked at.
 */
export class RegionError extends CarillonError {}

/**
 * A ring holds what its other side cannot have written: `ERR_CARILLON_RING_DAMAGED`. The ring must
 * be linked anew before it is used again.
 */
export class RingError extends CarillonError {
  constructor(message: string) {
    super('ERR_CARILLON_RING_DAMAGED', message)
  }
}
