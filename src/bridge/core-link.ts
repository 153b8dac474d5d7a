import { RingError } from '../shm/errors.ts'
import { type CoreRings, coreRings, type SharedRegion } from '../shm/shared-region.ts'
import type { RingRecord, SpscRingConsumer, SpscRingProducer } from '../shm/spsc-ring.ts'

/** Records taken before other events of the loop get their turn. */
const RECORDS_PER_TURN = 256

/** What a {@link CoreLink} tells its owner. */
export interface CoreLinkHandler {
  /** The core uses the rings from now on; they are empty. */
  onLinked(): void
  /** The core has left the rings, or they were damaged: what was in them is lost. */
  onUnlinked(reason: Error): void
  /** A record of the core's. Its payload is in `bytes` and valid until the call returns. */
  onRecord(record: RingRecord, bytes: Uint8Array): void
  /** A `send` that found no room may be tried again. */
  onRoom(): void
}

/**
 * The host's side of one core: its two rings, kept in step with the core whoever of the two starts
 * anew, and the doorbell protocol around them.
 *
 * The owner calls `onBell` whenever the core rings.
 */
export class CoreLink {
  readonly core: number
  readonly #region: SharedRegion
  readonly #rings: CoreRings
  readonly #handler: CoreLinkHandler
  readonly #ring: () => void
  /** Counts the links of this session: none is used twice. */
  #lastLink = 0
  /** The link in use or offered, and the start of the core that it is for; 0 where there is none. */
  #link = 0
  #boot = 0
  #linked = false
  #wantsRoom = false
  #flushPlanned = false
  #turnPlanned = false
  #closed = false

  /** @param ring rings the core's doorbell. */
  constructor(region: SharedRegion, core: number, ring: () => void, handler: CoreLinkHandler) {
    this.core = core
    this.#region = region
    this.#rings = coreRings(region, core)
    this.#ring = ring
    this.#handler = handler
  }

  get isLinked(): boolean {
    return this.#linked
  }

  get toCore(): Pick<SpscRingProducer, 'capacity' | 'usedBytes' | 'records' | 'full'> {
    return this.#rings.toCore
  }

  get fromCore(): Pick<SpscRingConsumer, 'capacity' | 'usedBytes' | 'records' | 'full'> {
    return this.#rings.fromCore
  }

  get #control(): SharedRegion['shared']['control'][number] {
    return placed(this.#region.shared.control, this.core)
  }

  /** The longest payload that `send` takes, in bytes. */
  get payloadBytesMax(): number {
    return this.#rings.toCore.payloadBytesMax
  }

  /** What the core says of itself. */
  get status(): SharedRegion['shared']['status'][number] {
    return placed(this.#region.shared.status, this.core)
  }

  /**
   * Puts a record on the ring to the core. The core sees it at the end of this turn of the loop at
   * the latest.
   *
   * @returns false where there is too little room now, or no link; `onRoom` follows in the first case.
   */
  send(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
    if (!this.#linked) return false
    try {
      if (!this.#write(type, stream, sequence, payload)) return false
    } catch (error) {
      if (!(error instanceof RingError)) throw error
      this.unlink(error)
      return false
    }
    if (!this.#flushPlanned) {
      this.#flushPlanned = true
      queueMicrotask(() => this.#flush())
    }
    return true
  }

  /** Looks at what the core has done. Call it when the core rings. */
  onBell(): void {
    if (this.#closed) return
    this.#follow()
    if (this.#linked) this.#turn()
  }

  /** Gives the rings up: `onUnlinked` if they were in use. They are linked anew when the core is ready. */
  unlink(reason: Error): void {
    this.#link = 0
    this.#control.link = 0
    this.#ring()
    if (!this.#linked) return
    this.#linked = false
    this.#wantsRoom = false
    this.#handler.onUnlinked(reason)
  }

  /** Unlinks for good. */
  close(reason: Error): void {
    this.#closed = true
    this.unlink(reason)
  }

  /** Brings this side in step with the core: links where it has started, unlinks where it has left. */
  #follow(): void {
    const { status } = this
    // Acquire: what the core did before it stored its link and boot.
    const coreLink = status.link
    const boot = status.boot
    if (this.#linked && (coreLink !== this.#link || boot !== this.#boot)) {
      this.unlink(new Error(`core ${this.core} has left its rings`))
    }
    if (this.#linked) return
    if (this.#link !== 0 && coreLink === this.#link && boot === this.#boot) {
      this.#linked = true
      this.#sleepUntilRecord()
      this.#handler.onLinked()
    } else if (coreLink === 0 && boot !== 0 && status.session === this.#region.session) {
      this.#offer(boot)
    }
  }

  /** Safe only while the core uses no link: each side then resets its own ends. */
  #offer(boot: number): void {
    if (this.#link !== 0 && boot === this.#boot) return
    this.#rings.toCore.reset()
    this.#rings.fromCore.reset()
    this.#lastLink = (this.#lastLink + 1) >>> 0 || 1
    this.#link = this.#lastLink
    this.#boot = boot
    this.#control.boot = boot
    // Release: the resets and the boot are seen before the link.
    this.#control.link = this.#link
    this.#ring()
  }

  #write(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
    const { toCore } = this.#rings
    while (!toCore.write(type, stream, sequence, payload)) {
      // The core can only make room of what it has been shown.
      this.#flush()
      if (toCore.trySleep()) {
        this.#wantsRoom = true
        return false
      }
    }
    return true
  }

  #flush(): void {
    this.#flushPlanned = false
    if (this.#linked && this.#rings.toCore.publish()) this.#ring()
  }

  /** Takes what is there, tells of room, and goes to sleep where that was all. */
  #turn(): void {
    const { toCore, fromCore } = this.#rings
    const { bytes } = this.#region.memory
    try {
      fromCore.wake()
      const count = fromCore.read(
        (record) => this.#handler.onRecord(record, bytes),
        RECORDS_PER_TURN,
      )
      if (!this.#linked) return
      if (fromCore.shouldRing()) this.#ring()
      if (count === RECORDS_PER_TURN) this.#planTurn()
      else this.#sleepUntilRecord()
    } catch (error) {
      if (!(error instanceof RingError)) throw error
      this.unlink(error)
      return
    }
    if (this.#wantsRoom) {
      this.#wantsRoom = false
      toCore.wake()
      this.#handler.onRoom()
    }
  }

  #sleepUntilRecord(): void {
    if (!this.#rings.fromCore.trySleep()) this.#planTurn()
  }

  #planTurn(): void {
    if (this.#turnPlanned) return
    this.#turnPlanned = true
    setImmediate(() => {
      this.#turnPlanned = false
      if (this.#linked) this.#turn()
    })
  }
}

function placed<T>(places: readonly T[], core: number): T {
  const place = places[core]
  if (place === undefined) throw new RangeError(`a region has no core ${core}`)
  return place
}
