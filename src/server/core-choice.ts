import { LIMITS } from '../shm/shared-mem.ts'

/**
 * A core whose heartbeat has stood still for longer, in milliseconds, gets no new stream while another
 * beats: twenty beats of a core that has nothing to do. One at a heavy block is passed over as well,
 * which is no loss.
 */
const SILENT_MS_MAX = 500

/** What the load of a core is taken over, in milliseconds: so long a new stream does not show fully. */
const LOAD_WINDOW_MS = 1000

/**
 * What a stream is taken to cost before that is known, as a share of a core. It may be a microphone's,
 * which takes a hundredth, or a recording's as fast as it goes, which takes all.
 */
const NEW_STREAM_SHARE = 1 / 4

/**
 * Loads within a step of each other are the same: what a core does besides its streams, and the time
 * at which it was looked at, make hundredths, by which no stream should be placed.
 */
const LOAD_STEP = 1 / 20

/** What is known of a core when a new stream needs one. */
export interface CoreSituation {
  readonly isRunning: boolean
  /** How long its heartbeat has stood still, in milliseconds. */
  readonly silentMs: number
  /** Streams that hold a slot. */
  readonly streams: number
  /** The share of the last second that it worked, 0 to 1. */
  readonly load: number
  /** How long ago the streams that it runs were opened, in milliseconds; the old ones may be left out. */
  readonly streamAgesMs: readonly number[]
}

/**
 * The core for a new stream: of those that run and have a free slot, the one with the least load,
 * which is what it did in the last second and what its new streams will add; of several, the one with
 * the fewest streams, then the first.
 *
 * @returns undefined where none runs, or all that run are full.
 */
export function chooseCore<Core extends CoreSituation>(cores: readonly Core[]): Core | undefined {
  const able = cores.filter(({ isRunning, streams }) => isRunning && streams < LIMITS.STREAMS_MAX)
  const beating = able.filter(({ silentMs }) => silentMs <= SILENT_MS_MAX)
  // The sort is stable: what is alike stays in order.
  const [first] = (beating.length > 0 ? beating : able).sort(
    (a, b) => loadSteps(a) - loadSteps(b) || a.streams - b.streams,
  )
  return first
}

function loadSteps({ load, streamAgesMs }: CoreSituation): number {
  const unseen = streamAgesMs.reduce((sum, ageMs) => sum + unseenShare(ageMs), 0)
  return Math.floor((load + unseen) / LOAD_STEP)
}

/** What a stream of that age will add to the load that was read. */
function unseenShare(ageMs: number): number {
  return NEW_STREAM_SHARE * Math.max(0, 1 - ageMs / LOAD_WINDOW_MS)
}
