import type { CoreLook, RegionLook, RegionRingLook } from '../shm/region-inspector.ts'
import { distance } from '../shm/ring-geometry.ts'

/** Whether something beats, by the looks that there have been. */
export interface Heartbeat {
  /** Whether it moved since the last look; undefined at the first. */
  readonly isMoving: boolean | undefined
  /** How long no look has found it moved, in milliseconds. */
  readonly stillMs: number
}

export interface CoreFigures extends CoreLook {
  readonly beat: Heartbeat
  /** Share of the time since the last look that the core worked; undefined where it cannot be told. */
  readonly load: number | undefined
}

export interface RingFigures extends RegionRingLook {
  /** What the producer published since the last look; undefined where it cannot be told. */
  readonly recordsPerSecond: number | undefined
  readonly bytesPerSecond: number | undefined
}

/** A look at a region, with what only several looks can tell. */
export interface RegionFigures extends Omit<RegionLook, 'cores' | 'rings'> {
  readonly hostBeat: Heartbeat
  readonly cores: readonly CoreFigures[]
  readonly rings: readonly RingFigures[]
  /** Whether the region was made anew since the last look. */
  readonly isRenewed: boolean
}

interface TimedLook {
  readonly atMs: number
  readonly look: RegionLook
}

/** Compares each look at a region with the one before. */
export class RegionWatch {
  #before: TimedLook | undefined
  readonly #beats = new Map<string, { heartbeat: number; sinceMs: number }>()

  /** @param atMs when the look was taken, in milliseconds of a clock that only goes forward. */
  compare(look: RegionLook, atMs: number): RegionFigures {
    const before = this.#before
    this.#before = { atMs, look }
    const isRenewed = before !== undefined && before.look.session !== look.session
    const isComparable = before !== undefined && !isRenewed
    return {
      ...look,
      isRenewed,
      hostBeat: this.#beat('host', look.hostHeartbeat, atMs),
      cores: look.cores.map((core, index) => {
        const last = isComparable ? before.look.cores[index] : undefined
        const beat = this.#beat(`core ${index}`, core.heartbeat, atMs)
        return { ...core, beat, load: loadOf(last, core) }
      }),
      rings: look.rings.map((ring, index) => {
        const last = isComparable ? before.look.rings[index] : undefined
        const isSame = isLinkedAsBefore(before?.look, look, ring.core)
        const rates = isSame ? ratesOf(last, ring, atMs - (before?.atMs ?? atMs)) : UNKNOWN_RATES
        return { ...ring, ...rates }
      }),
    }
  }

  #beat(whose: string, heartbeat: number, atMs: number): Heartbeat {
    const last = this.#beats.get(whose)
    const isMoving = last && last.heartbeat !== heartbeat
    const sinceMs = last === undefined || isMoving ? atMs : last.sinceMs
    this.#beats.set(whose, { heartbeat, sinceMs })
    return { isMoving, stillMs: atMs - sinceMs }
  }
}

const UNKNOWN_RATES = { recordsPerSecond: undefined, bytesPerSecond: undefined }

/** The counters are modulo 2^32, and start anew where the core does. */
function loadOf(last: CoreLook | undefined, core: CoreLook): number | undefined {
  if (last === undefined || last.boot !== core.boot) return undefined
  const elapsedUs = distance(last.uptimeUs, core.uptimeUs)
  const busyUs = distance(last.busyUs, core.busyUs)
  return elapsedUs > 0 && busyUs <= elapsedUs ? busyUs / elapsedUs : undefined
}

/** Positions and counts start anew with each link. */
function isLinkedAsBefore(before: RegionLook | undefined, look: RegionLook, core: number): boolean {
  const [then, now] = [before?.cores[core], look.cores[core]]
  return (
    then !== undefined && then.link === now?.link && then.offeredLink === now.offeredLink
  )
}

function ratesOf(last: RegionRingLook | undefined, ring: RegionRingLook, elapsedMs: number) {
  if (last?.look === undefined || ring.look === undefined || elapsedMs <= 0) return UNKNOWN_RATES
  const perSecond = (from: number, to: number) => (distance(from, to) * 1000) / elapsedMs
  return {
    recordsPerSecond: perSecond(last.look.published, ring.look.published),
    bytesPerSecond: perSecond(last.look.tail, ring.look.tail),
  }
}
