/**
 * The format of `ByteQueue` and `MsgQueue` in numbers: docs/queues.md says where each comes from,
 * and which of them the documentation of the crate does not give. `firmware/core/byte_queue.h` and
 * `msg_queue.h` have the same.
 */

/** Indices of the positions among the words at the region's start. */
export const WRITE_POSITION_WORD = 0
export const READ_POSITION_WORD = 1

/** Bytes of a region before its data: the two positions. */
export const POSITIONS_BYTES = 8

/** Bytes of the data that stay free, for with equal positions a queue is empty. */
export const FREE_BYTES = 1

/** The smallest data that holds a byte. */
export const QUEUE_CAPACITY_MIN = 1 + FREE_BYTES

/** As of a ring: a position and a length together stay below 2^32. */
export const QUEUE_CAPACITY_MAX = 1024 * 1024 * 1024

/** The version that stands in every message. */
export const PROTOCOL_VERSION = 1

/** Enough for a sentence; the firmware keeps a copy of the header of this length. */
export const PREFIX_BYTES_MAX = 64
