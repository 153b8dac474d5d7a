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
 * Most messages waiting for a client, 65,536: each takes some 200 bytes beside its own, so that
 * messages of a few bytes cost 13 MiB of memory and not 800 before `maxQueuedBytes` is reached.
 */
export const DEFAULT_MAX_QUEUED_MESSAGES = 65_536
/** Highest `maxQueuedMessages`: 16,777,216, over 3 GiB beside the messages' own bytes. */
export const HIGHEST_MAX_QUEUED_MESSAGES = 2 ** 24
/**
 * Waiting messages go to the connection 256 KiB at a time: enough that the kernel seldom runs dry
 * between two batches, and little, so that most of what waits can still be dropped.
 */
export const WRITE_BATCH_BYTES = 256 * 1024
/** Most chunks in a batch of several messages: what one writev(2) takes (IOV_MAX). */
export const WRITE_BATCH_CHUNKS = 1024
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
/**
 * The clock of the time limits ticks eight times in the shortest of them, so that one is late by a
 * quarter of itself at most; and at most 20 times a second, at least once.
 */
export const TICKS_PER_TIMEOUT = 8
export const LEAST_TICK_MS = 50
export const MOST_TICK_MS = 1000
/** Highest time limit: what a timer of Node's can count to, 24.8 days. */
export const HIGHEST_TIMEOUT_MS = 2 ** 31 - 1

/**
 * How long a connection is silent before the system asks the peer whether it is there: a pulled
 * cable is noticed within minutes, and one question in half a minute costs nothing.
 */
export const KEEP_ALIVE_DELAY_MS = 30_000

/**
 * Longest `busyPollUs`, 1 ms: the rest of the event loop waits for as long, and what sleeping costs
 * is a tenth of it.
 */
export const HIGHEST_BUSY_POLL_US = 1000
/** Longest time of a reactor's timer, 142 years: exact as a double, and as the kernel's seconds. */
export const HIGHEST_TIMER_US = 2 ** 52
/** Highest descriptor that is asked about: the largest that the system's calls can name. */
export const HIGHEST_DESCRIPTOR = 2 ** 31 - 1
/** Most bytes of registered memory, 2 GiB less one: places in it cross to the addon as 32-bit numbers. */
export const HIGHEST_REGISTERED_BYTES = 2 ** 31 - 1
/** Connections that wait to be accepted: Linux's own default of the highest (`net.core.somaxconn`). */
export const LISTEN_BACKLOG = 4096
/**
 * How long a listener rests that found the process out of descriptors or memory: long enough that
 * trying costs nothing, short enough that who waits does not notice.
 */
export const ACCEPT_RETRY_MS = 100

/** How long a TLS handshake may take, 10 s: a few retransmissions of each of its messages. */
export const DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS = 10_000
/**
 * Most TLS handshakes at a time, 256: each is some 0.1 MB and a millisecond of work, for somebody
 * who is no client yet.
 */
export const DEFAULT_HANDSHAKES_MAX = 256

/**
 * Least bytes that are sent without a copy, 16 KiB. A send without one costs pinning its pages, a
 * notification to read, and here a reference and a token besides: some 2 µs, in which a processor
 * copies as much. The kernel's documentation puts the break-even at 10 KB.
 */
export const ZERO_COPY_LEAST_BYTES = 16 * 1024

/**
 * Least that is kept where it was read of what a pause left, 4 KiB: to copy less than a page costs no
 * more than a buffer that somebody else could use.
 */
export const KEPT_REST_BYTES_LEAST = 4096
/**
 * A connection that has a receive buffer gives it back after 16 reads in a row that ended with whole
 * messages: so many that taking it again, which copies half a frame on average, is no cost to speak of.
 */
export const RECEIVE_READS_MAX = 16
/**
 * Of the connections that keep a part of a frame while others find no buffer, one that was not read in
 * 256 turns gives way: far longer than a peer that is sending takes where the others are busy, and
 * whoever sends a part and stops does not keep a buffer from them.
 */
export const RECEIVE_STALE_TURNS = 256

/** The ring that other threads' messages come through, 4 MiB: a thousand of a page each. */
export const DEFAULT_SENDER_RING_BYTES = 4 * 1024 * 1024
/** Messages of other threads that are sent at a time, so that clients have their turns in between. */
export const SENDER_BATCH_MESSAGES = 1024
/**
 * A thread that is found ten times, 100 ms apart, between claiming its place in the ring and filling
 * it counts as dead: far longer than copying takes where it is not scheduled at once.
 */
export const SENDER_PATIENCE_LOOKS = 10
export const SENDER_LOOK_MS = 100
/**
 * How often it is looked whether a thread ended between filling its place and ringing: rarely enough
 * to cost nothing, and a message then waits no longer than behind a thread that counts as dead.
 */
export const SENDER_UNRUNG_LOOK_MS = SENDER_PATIENCE_LOOKS * SENDER_LOOK_MS
/** How often a thread that waits for room looks again: a thread switch costs a hundredth of that. */
export const SENDER_RETRY_MS = 1
