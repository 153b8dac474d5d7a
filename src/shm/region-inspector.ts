import { CarillonError } from '../errors.ts'
import { RingInspector, type RingLook } from './ring-inspector.ts'
import { CORE_STATE, type CoreStatus, LIMITS, REGION_MAGIC, RING_KIND } from './shared-mem.ts'
import type { SharedRegion } from './shared-region.ts'
import type { StructView } from './struct-view.ts'

export type RingDirection = 'to-core' | 'from-core'

/** What a core and its host say of it at one moment. All of it may be nonsense. */
export interface CoreLook {
  readonly core: number
  /** By its name in CORE_STATE, in small letters; undefined where it has none. */
  readonly state: string | undefined
  /** The word itself. */
  readonly stateNumber: number
  readonly boot: number
  /** The session that the core is attached to. */
  readonly session: number
  /** The link that the core uses, and the one that the host offers. */
  readonly link: number
  readonly offeredLink: number
  readonly heartbeat: number
  readonly uptimeUs: number
  readonly busyUs: number
  readonly streams: number
  readonly blocks: number
  readonly overruns: number
  readonly refused: number
  readonly damaged: number
  readonly lost: number
  /** In bytes: how large the core's stack is, and the most of it that was ever in use; 0 where not known. */
  readonly stackBytes: number
  readonly stackUsed: number
  readonly traceLost: number
}

/** A ring that the region describes. */
export interface DescribedRing {
  readonly core: number
  /** Undefined where the descriptor says neither. */
  readonly direction: RingDirection | undefined
  /** Undefined where the descriptor names no place in the region; `problem` says why. */
  readonly inspector: RingInspector | undefined
  readonly problem: string | undefined
}

export interface RegionRingLook extends Omit<DescribedRing, 'inspector'> {
  /** Undefined where there is no place to look at. */
  readonly look: RingLook | undefined
}

/** The whole region at one moment, as far as there is one moment for several writers. */
export interface RegionLook {
  /** Changes where the host makes the region anew; 0 while it does. */
  readonly session: number
  readonly hostHeartbeat: number
  readonly cores: readonly CoreLook[]
  readonly rings: readonly RegionRingLook[]
  /** What the header says that cannot be, in sentences. */
  readonly problems: readonly string[]
}

type CoreStatusView = StructView<typeof CoreStatus, 'reader'>

const STATE_NAMES = new Map<number, string>(
  Object.entries(CORE_STATE).map(([name, value]) => [value, name.toLowerCase()]),
)

/**
 * Looks at a region that others use, and writes nothing. It was sound when it was attached; since
 * then everything in it may have changed, so each look checks anew what it goes by.
 */
export class RegionInspector {
  readonly #region: SharedRegion<'reader'>

  constructor(region: SharedRegion<'reader'>) {
    this.#region = region
  }

  look(): RegionLook {
    const { header, hostStatus, status, control } = this.#region.shared
    // Acquire, here and below: a `u32` is read so. Each word is read once.
    const isWhole = header.magic === REGION_MAGIC
    const coreCount = header.coreCount
    const ringCount = header.ringCount
    return {
      session: isWhole ? header.session : 0,
      hostHeartbeat: hostStatus.heartbeat,
      cores: status
        .slice(0, coreCount)
        .map((one, core) => coreLook(core, one, control[core]?.link ?? 0)),
      rings: this.rings().map(({ inspector, ...ring }) => ({ ...ring, look: inspector?.look() })),
      problems: [
        ...(isWhole ? [] : ['the header is not whole: the host makes the region anew']),
        ...tooMany('cores', coreCount, LIMITS.CORES_MAX),
        ...tooMany('rings', ringCount, LIMITS.RINGS_MAX),
      ],
    }
  }

  /** The rings that the region describes now. */
  rings(): readonly DescribedRing[] {
    const { header, rings } = this.#region.shared
    return rings.slice(0, header.ringCount).map((descriptor) => {
      const { core, kind, offset, capacity } = descriptor
      const direction =
        kind === RING_KIND.TO_CORE
          ? 'to-core'
          : kind === RING_KIND.FROM_CORE
            ? 'from-core'
            : undefined
      return { core, direction, ...this.#inspect(offset, capacity) }
    })
  }

  #inspect(offset: number, capacity: number) {
    try {
      const inspector = new RingInspector(this.#region.memory, offset, capacity)
      return { inspector, problem: undefined }
    } catch (error) {
      if (!(error instanceof CarillonError)) throw error
      return { inspector: undefined, problem: error.message }
    }
  }
}

function coreLook(core: number, status: CoreStatusView, offeredLink: number): CoreLook {
  // A copy, so that each word is read once.
  const { state, ...figures } = { ...status }
  return { core, state: STATE_NAMES.get(state), stateNumber: state, offeredLink, ...figures }
}

function tooMany(what: string, count: number, most: number): readonly string[] {
  return count <= most
    ? []
    : [`the header says that there are ${count} ${what}; the most is ${most}`]
}
