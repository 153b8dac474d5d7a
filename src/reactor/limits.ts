/**
 * Most clients at a time where `init` is not told: enough for any room of people or rack of
 * machines, and under the 1,024 descriptors that a process usually may have.
 */
export const DEFAULT_MAX_CLIENTS = 1000
/** Highest `maxClients`: Linux's own ceiling of descriptors in a process (`fs.nr_open`). */
export const HIGHEST_MAX_CLIENTS = 1024 * 1024

/**
 * Most bytes queued for a client, 4 MiB: four of the largest messages that the framing strategies
 * take by default, or 2.7 s of eight channels of 48 kHz samples. A client further behind than that
 * will not catch up.
 */
export const DEFAULT_MAX_QUEUED_BYTES = 4 * 1024 * 1024
/** Highest `maxQueuedBytes`, 1 GiB: a larger queue is a leak by another name. */
export const HIGHEST_MAX_QUEUED_BYTES = 1024 * 1024 * 1024
/**
 * The high watermark is a quarter of `maxQueuedBytes`, so that a source that heeds it has time to
 * slow down, and at most 1 MiB.
 */
export const DEFAULT_HIGH_WATERMARK_BYTES = 1024 * 1024
/**
 * The low watermark is a quarter of the high one, so that the source starts again before the queue
 * runs empty and not at every packet.
 */
export const LOW_TO_HIGH_WATERMARK = 1 / 4

/**
 * How long a closed client may take to read the rest and close as well, 5 s: a few
 * retransmissions. A peer that does not close must not keep its place for long.
 */
export const DEFAULT_CLOSE_TIMEOUT_MS = 5000
/** How long `stop` waits for all of them, 5 s: half of what `docker stop` gives a process. */
export const DEFAULT_STOP_TIMEOUT_MS = 5000
/** Highest time limit: what a timer of Node's can count to, 24.8 days. */
export const HIGHEST_TIMEOUT_MS = 2 ** 31 - 1

/**
 * How long a connection is silent before the system asks the peer whether it is there: a pulled
 * cable is noticed within minutes, and one question in half a minute costs nothing.
 */
export const KEEP_ALIVE_DELAY_MS = 30_000
