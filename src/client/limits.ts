/** Where `CarillonClient.connect` is not told: a connection and a welcome take milliseconds. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 5000

/**
 * Where `CarillonClient.connect` is not told: longer than a server takes to find that a core hangs (10 s,
 * `src/server/core-patience.ts`), so that what a client gets is what the server has to say of it.
 */
export const DEFAULT_REQUEST_TIMEOUT_MS = 15_000

/** The longest delay that timers can count, about 24 days. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** How long what was sent may take to leave when the client closes. */
export const CLOSE_TIMEOUT_MS = 1000

/** A silent server's host is asked whether it is still there after this long. */
export const KEEP_ALIVE_DELAY_MS = 10_000

/** Of the client's name: what the protocol says. */
export const MAX_NAME_CHARACTERS = 64

/** The longest message either way, and so what a server can make the client hold: 4 MiB. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** Requests waiting for their answers: far more than a client has at once. */
export const MAX_PENDING_REQUESTS = 1000

/**
 * Blocks of a stream on their way where it is not told: keeps both ends busy. Four times as many
 * gained a sixth and tripled the round trip.
 */
export const DEFAULT_WINDOW = 16

/** More blocks on their way help nobody; each is held in memory. */
export const MAX_WINDOW = 65_536

/**
 * Blocks of a stream that wait for room in its window. Who waits for each `send` has one; a thousand
 * is a burst of twenty seconds in blocks of 1024 frames at 48 kHz, and of the longest blocks that a
 * server takes today it is 64 MiB.
 */
export const MAX_WAITING_BLOCKS = 1024

/** What the protocol counts in: sample rates, channels. */
export const UINT32_MAX = 0xffff_ffff
