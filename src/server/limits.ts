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
