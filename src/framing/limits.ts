/**
 * Longest message that a strategy takes unless it is told otherwise: 1 MiB. Well over what one
 * message of a control protocol or one block of samples needs, and little enough that a hundred
 * clients, each in the middle of a message of this length, hold 100 MiB between them.
 */
export const DEFAULT_MAX_MESSAGE_BYTES = 1024 * 1024

/**
 * Highest `maxMessageBytes`: 1 GiB less one byte, which one Buffer can hold wherever Node runs, on
 * 32-bit machines as well.
 */
export const HIGHEST_MAX_MESSAGE_BYTES = 2 ** 30 - 1

/**
 * Least memory that a message which arrives in pieces starts with: one page, so that a message
 * that comes byte by byte is not moved at every byte.
 */
export const FIRST_ALLOCATION_BYTES = 4096

/**
 * Least frame that is left in its chunk until it is whole, 4 KiB: putting a shorter one together is a
 * copy of a page, and of short frames only one in many is cut.
 */
export const LEFT_FRAME_BYTES_LEAST = 4096

/**
 * Views that a `ViewCache` keeps, a power of two: of messages of 64 bytes, those of a whole arena of
 * 1 MiB; of 4 bytes, those of 64 KiB. An arena is filled from its beginning in every turn, so that
 * only what a turn reads beyond that shares entries. All in use take about 2 MiB.
 */
export const VIEW_CACHE_ENTRIES = 2 ** 14

/** Of so many views that find their entry taken, one takes it over: few enough to cost nothing. */
export const VIEW_CACHE_TAKEOVER_MISSES = 8

/**
 * Furthest that the length in front of a message may lie behind the frame's beginning: what comes
 * before it is kept until it is known, and no protocol's header is longer.
 */
export const LENGTH_OFFSET_BYTES_MAX = 1024

/**
 * Most bytes that the delimiters of a stream have together. Finding them takes a table of 256 bytes
 * for each, for every connection, whose states are numbered in one byte.
 */
export const DELIMITER_BYTES_MAX = 255

/** Longest request line, as RFC 9112, section 3, recommends at least: 8000 bytes, and some more. */
export const DEFAULT_MAX_REQUEST_LINE_BYTES = 8192

/** Most that the headers of a request have together: 16 KiB, as Node's own server allows. */
export const DEFAULT_MAX_HEADER_BYTES = 16 * 1024

/** Most headers of a request: a browser sends about twenty. */
export const DEFAULT_MAX_HEADERS = 100

/** Highest limit on the request line, and on the headers: they are kept, and read as text. */
export const HIGHEST_MAX_HEAD_BYTES = 1024 * 1024

/** Highest limit on the number of headers: each costs at least four bytes of `maxHeaderBytes`. */
export const HIGHEST_MAX_HEADERS = 10_000

/** Most hexadecimal digits of a chunk's size: more than 13 are a number that is not exact. */
export const CHUNK_SIZE_DIGITS_MAX = 13

/**
 * Most that the extensions of all chunks of a body have together: nobody uses them, and without a
 * limit a body of one byte could come with gigabytes of them.
 */
export const CHUNK_EXTENSION_BYTES_MAX = 4096
