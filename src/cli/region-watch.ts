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
  /** The session before this one, where the region was made anew since the first look. */
  readonly formerSession: number | undefined
  /** Whether the file that is looked at has been removed or replaced. */
  readonly isOrphaned: boolean
  /** Whether, besides, nothing is to be expected of the host any more. */
  readonly hasEnded: boolean
}

interface TimedLook {
  /** When the look was taken, in milliseconds of a clock that only goes forward. */
  readonly atMs: number
  readonly look: RegionLook
  readonly isOrphaned: boolean
}

/** A host beats ten times a second. One that has lost its file and is silent for as long has ended. */
const HOST_SILENT_MS = 2000

/** A core writes its two clocks one after the other, and we read them so: they may be this far apart. */
const CLOCKS_APART_US = 100_000

/** Compares each look at a region with the one before. */
export class RegionWatch {
  #before: TimedLook | undefined
  #session: number | undefined
  #formerSession: number | undefined
  readonly #beats = new Map<string, { heartbeat: number; sinceMs: number }>()

  compare(timed: TimedLook): RegionFigures {
    const { look, atMs, isOrphaned } = timed
    const before = this.#before
    this.#before = timed
    this.#followSession(look.session)
    const last = before?.look.session === look.session ? before.look : undefined
    const elapsedMs = atMs - (before?.atMs ?? atMs)
    const hostBeat = this.#beat('host', look.hostHeartbeat, atMs)
    return {
      ...look,
      ...{ hostBeat, isOrphaned, formerSession: this.#formerSession },
      hasEnded: isOrphaned && hostBeat.stillMs >= HOST_SILENT_MS,
      cores: look.cores.map((core, index) => ({
        ...core,
        beat: this.#beat(`core ${index}`, core.heartbeat, atMs),
        load: loadOf(last?.cores[index], core),
      })),
      rings: look.rings.map((ring, index) => {
        const isSame = isLinkedAsBefore(last, look, ring.core)
        return { ...ring, ...ratesOf(isSame ? last?.rings[index] : undefined, ring, elapsedMs) }
      }),
    }
  }

  /** 0 is between two sessions. */
  #followSession(session: number): void {
    if (session === 0 || session === this.#session) return
    this.#formerSession = this.#session
    this.#session = session
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
  if (elapsedUs === 0 || busyUs > elapsedUs + CLOCKS_APART_US) return undefined
  return Math.min(1, busyUs / elapsedUs)
}

/** Positions and counts start anew with each link. */
function isLinkedAsBefore(before: RegionLook | undefined, look: RegionLook, core: number): boolean {
  const [then, now] = [before?.cores[core], look.cores[core]]
  return then !== undefined && then.link === now?.link && then.offeredLink === now.offeredLink
}

function ratesOf(last: RegionRingLook | undefined, ring: RegionRingLook, elapsedMs: number) {
  if (last?.look === undefined || ring.look === undefined || elapsedMs <= 0) return UNKNOWN_RATES
  const perSecond = (from: number, to: number) => (distance(from, to) * 1000) / elapsedMs
  return {
    recordsPerSecond: perSecond(last.look.published, ring.look.published),
    bytesPerSecond: perSecond(last.look.tail, ring.look.tail),
  }
}
