import { LIMITS } from '../shm/shared-mem.ts'

/** What the service accepts from one client. Told to it in Welcome. */
export const SERVICE_LIMITS = {
  /** A chain of seven filters of the most taps, 16,384 each of eight bytes, in one OpenStream. */
  maxMessageBytes: 1024 * 1024,
  /** A quarter of a core's slots, so that one client cannot take them all. */
  maxStreamsPerClient: LIMITS.STREAMS_MAX / 4,
  maxEffectsPerStream: LIMITS.EFFECTS_MAX,
  maxChannels: LIMITS.CHANNELS_MAX,
  minSampleRateHz: LIMITS.SAMPLE_RATE_HZ_MIN,
  maxSampleRateHz: LIMITS.SAMPLE_RATE_HZ_MAX,
} as const

/**
 * Connections over TCP at once where a server is not told: twice the streams of one core. Each may
 * hold a message of a megabyte that is not whole yet.
 */
export const DEFAULT_MAX_CLIENTS = 256
/** Highest number of them: ten gigabytes of messages that are not whole, which no small machine has. */
export const HIGHEST_MAX_CLIENTS = 10_000

/** A message before Hello, which is all that Hello takes: who has not said it holds no memory here. */
export const HELLO_BYTES_MAX = 1024

/** Above this a client reads too slowly for what it gets: it is not read from until it catches up. */
export const QUEUE_HIGH_BYTES = 1024 * 1024

/** Everything that can be on its way for one client when reading stops: both rings, and to spare. */
export const QUEUE_BYTES_MAX = 4 * 1024 * 1024

/** Above this a client does not get what is only worth something now. */
export const SNAPSHOT_QUEUE_BYTES_MAX = 256 * 1024

/** How long a client may take to say Hello, in milliseconds: ample for the slowest link. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

/** The longest that a server may be told to wait for it: an hour. */
export const HIGHEST_HANDSHAKE_TIMEOUT_MS = 3_600_000

/**
 * How long a message may take once it has begun, in milliseconds: the longest one at 140 kbit/s. So
 * half a message holds its memory no longer than that.
 */
export const MESSAGE_TIMEOUT_MS = 60_000

/**
 * How long a client may say nothing and be told nothing, in milliseconds: an hour. It has no duty to
 * speak, but a place is not kept for ever for who has forgotten it, or does not take what it asked for.
 */
export const IDLE_TIMEOUT_MS = 3_600_000

/** What the web gateway accepts. */
export const WEB_LIMITS = {
  /** A console on every desk of a team and some forgotten tabs; each costs its share of telemetry. */
  maxConnections: 32,
  /** The same message is accepted over every transport. */
  maxMessageBytes: SERVICE_LIMITS.maxMessageBytes,
  /** A longer message than allowed is answered with an error; one over this breaks the connection. */
  maxFrameBytes: 2 * SERVICE_LIMITS.maxMessageBytes,
  /**
   * A client that lets this much pile up is disconnected. The service stops reading from a client,
   * and leaves out what is of the moment, long before; what it owes already fits many times.
   */
  queueBytesMax: 8 * 1024 * 1024,
  /** So little waits that a client may be sent more, and enough that sending does not run dry. */
  drainedBytes: 64 * 1024,
  /** A WebSocket's reading cannot be paused: what comes meanwhile is held, up to these two. */
  heldMessagesMax: 64,
  /** Four of the longest messages. */
  heldBytesMax: 4 * 1024 * 1024,
  /** Pings keep a living peer from it; a pulled cable is noticed after this long, in seconds. */
  idleTimeoutS: 32,
} as const
