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
 * - `ERR_CARILLON_REGION_READ_ONLY`: it is only looked at, and was to be written to.
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

/**
 * What a compiler made of the shared layout is not what was declared, or cannot be told.
 *
 * - `ERR_CARILLON_LAYOUT_MISSING`: the file has no table of its layout.
 * - `ERR_CARILLON_LAYOUT_TABLE`: it has one that is damaged.
 * - `ERR_CARILLON_LAYOUT_FORMAT`: it has one of a format that is not known.
 * - `ERR_CARILLON_LAYOUT_STRUCT`: a struct is only in the declaration, or only in the table.
 * - `ERR_CARILLON_LAYOUT_DIFFERS`: a struct is not as it was declared.
 * - `ERR_CARILLON_LAYOUT_VERSION`: all structs agree, but the layout's version or hash does not.
 * - `ERR_CARILLON_FIRMWARE_NOTE`: the note that says who the firmware is is damaged.
 */
export class LayoutError extends CarillonError {}

/**
 * A `ByteQueue` or `MsgQueue` could not do what it was asked.
 *
 * - `ERR_CARILLON_QUEUE_FULL`: there is too little room now.
 * - `ERR_CARILLON_QUEUE_EMPTY`: there is not as much as was asked for, or no whole message, now.
 * - `ERR_CARILLON_QUEUE_TIMEOUT`: a blocking call waited as long as it may.
 * - `ERR_CARILLON_QUEUE_TOO_BIG`: it does not fit the queue, or not the reader, at any time.
 * - `ERR_CARILLON_QUEUE_CRC`: a message was damaged; what belonged to it is skipped.
 * - `ERR_CARILLON_QUEUE_VERSION`: a message has another version of the protocol; it is skipped.
 * - `ERR_CARILLON_QUEUE_DAMAGED`: a position lies outside of the queue. It must be created anew.
 */
export class QueueError extends CarillonError {
  /** Bytes that a blocking call had written or consumed when it gave up, else 0. */
  readonly transferredBytes: number

  constructor(code: QueueErrorCode, message: string, transferredBytes = 0) {
    super(code, message)
    this.transferredBytes = transferredBytes
  }
}

export type QueueErrorCode =
  `ERR_CARILLON_QUEUE_${'FULL' | 'EMPTY' | 'TIMEOUT' | 'TOO_BIG' | 'CRC' | 'VERSION' | 'DAMAGED'}`
