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

/** Longer names are cut: they are for logs and the console. */
export const CLIENT_NAME_CHARACTERS_MAX = 64

/** How long a client may take to say Hello, in milliseconds: ample for the slowest link. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
