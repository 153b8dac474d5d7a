import { CoreError } from '../cores/errors.ts'
import { ArgumentError } from '../errors.ts'
import { type CoreRings, coreRings } from '../shm/core-rings.ts'
import { RingError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import type { RingRecord, SpscRingConsumer } from '../shm/spsc-ring-consumer.ts'
import type { SpscRingProducer } from '../shm/spsc-ring-producer.ts'

const NOTHING_LOST: LostRecords = { toCore: 0, fromCore: 0 }

/** Records taken before other events of the loop get their turn. */
const RECORDS_PER_TURN = 256

/**
 * Links are offered this far apart at least, in milliseconds. A core that damages its rings as soon
 * as it has them, or that pretends to start again and again, is then linked a hundred times a second
 * and not tens of thousands of times. For a core that behaves it is a delay of this much at most,
 * where it starts anew right after it was linked.
 */
const OFFER_INTERVAL_MS = 10

/**
 * Records that were in the rings, unread, when they went out of use. Nobody reads them any more. Of
 * those to a core that was killed, it may have dealt with the first few: what it was at.
 */
export interface LostRecords {
  readonly toCore: number
  readonly fromCore: number
}

/**
 * What a {@link CoreLink} tells its owner. What one of these throws is thrown by `onBell`, or is an
 * uncaught exception where the link looked by itself; the record that it was about counts as read.
 */
export interface CoreLinkHandler {
  /** The core uses the rings from now on; they are empty. `lost` is what they held before. */
  onLinked(lost: LostRecords): void
  /**
   * The rings are out of use, and what was in them is lost. The reason is
   *
   * - a {@link RingError} where the core has damaged them,
   * - a {@link CoreError} with `ERR_CARILLON_CORE_LOST` where the core has left them, or has started
   *   anew,
   * - what `unlink` or `close` was called with.
   *
   * They are linked anew when the core is ready. An owner that has seen enough ({@link
   * CoreLink.damaged}) ends the core, or closes the link.
   */
  onUnlinked(reason: Error): void
  /**
   * A record of the core's. Its payload is in `bytes` and valid until the call returns; in the region's
   * memory (`bytes` then lies in it), until `onRead` has returned.
   */
  onRecord(record: RingRecord, bytes: Uint8Array): void
  /** All records of this look have been told. */
  onRead?(): void
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
  readonly #onRead: () => void
  /** Counts the links of this session: none is used twice. */
  #lastLink = 0
  /** The link in use or offered, and the start of the core that it is for; 0 where there is none. */
  #link = 0
  #boot = 0
  /** Damages that the core had told of when the link was offered. */
  #damagesAtOffer = 0
  #linked = false
  #damaged = 0
  /** Records have been in the rings that nobody has counted yet. */
  #isUncounted = false
  #lost: LostRecords = NOTHING_LOST
  #lostBefore: LostRecords = NOTHING_LOST
  #nextOfferMs = 0
  #offerTimer: NodeJS.Timeout | undefined
  #wantsRoom = false
  #flushPlanned = false
  #turnPlanned = false
  #inTurn = false
  #closed = false

  /**
   * @param ring rings the core's doorbell.
   * @throws {ArgumentError} where the region has no such core.
   */
  constructor(region: SharedRegion, core: number, ring: () => void, handler: CoreLinkHandler) {
    this.core = core
    this.#region = region
    this.#rings = coreRings(region, core)
    this.#ring = ring
    this.#handler = handler
    this.#onRead = () => handler.onRead?.()
  }

  get isLinked(): boolean {
    return this.#linked
  }

  /** How often this side found the rings damaged since it was made. */
  get damaged(): number {
    return this.#damaged
  }

  /** What was lost in the rings since this was made, as far as it is known: up to the last link. */
  get lost(): LostRecords {
    return sum(this.#lostBefore, this.#lost)
  }

  get toCore(): Pick<SpscRingProducer, 'capacity' | 'usedBytes' | 'records' | 'unread' | 'full'> {
    return this.#rings.toCore
  }

  get fromCore(): Pick<SpscRingConsumer, 'capacity' | 'usedBytes' | 'records' | 'unread' | 'full'> {
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
   * @throws {ArgumentError} where the payload is over `payloadBytesMax`, or the type is none.
   */
  send(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
    return this.sendPart(type, stream, sequence, payload, 0, payload.length)
  }

  /** As `send`, of the bytes from `start` to `end` of `source`. */
  sendPart(
    type: number,
    stream: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (!this.#linked) return false
    try {
      if (!this.#write(type, stream, sequence, source, start, end)) return false
    } catch (error) {
      this.#leaveDamaged(error)
      return false
    }
    if (!this.#flushPlanned) {
      this.#flushPlanned = true
      queueMicrotask(() => this.#flush())
    }
    return true
  }

  /**
   * Looks at what the core has done. Call it when the core rings, and now and then besides: a bell is
   * lost where something writes over the flag that asks for it.
   */
  onBell(): void {
    if (this.#closed) return
    this.#follow()
    if (this.#linked) this.#turn()
  }

  /** Gives the rings up: `onUnlinked` if they were in use. They are linked anew when the core is ready. */
  unlink(reason: Error): void {
    const isWithdrawn = this.#link !== 0 && !this.#linked
    this.#link = 0
    // Release: this side is done with the rings. (It uses them again only after an offer, which waits
    // until the core has left them as well.)
    this.#control.link = 0
    this.#ring()
    // A core that has not taken an offer does not ring when it is gone.
    if (isWithdrawn && !this.#closed) this.#planOffer(OFFER_INTERVAL_MS)
    if (!this.#linked) return
    this.#linked = false
    this.#wantsRoom = false
    this.#handler.onUnlinked(reason)
  }

  /** Unlinks, and links no more until it is opened. */
  close(reason: Error): void {
    this.#closed = true
    clearTimeout(this.#offerTimer)
    this.#offerTimer = undefined
    this.unlink(reason)
    this.#countLost()
  }

  /** Links again once the core is ready, after `close`. */
  open(): void {
    this.#closed = false
  }

  /** Brings this side in step with the core: links where it has started, unlinks where it has left. */
  #follow(): void {
    const { status } = this
    // Acquire, both: what the core did before it stored its link, and its boot.
    const coreLink = status.link
    const boot = status.boot
    if (this.#linked && (coreLink !== this.#link || boot !== this.#boot)) {
      this.unlink(
        new CoreError(
          'ERR_CARILLON_CORE_LOST',
          boot === this.#boot
            ? `core ${this.core} has left its rings`
            : `core ${this.core} has started anew`,
        ),
      )
      // Its owner may have seen enough, and may have closed the region too.
      if (this.#closed) return
    }
    if (this.#linked) return
    if (this.#link !== 0 && coreLink === this.#link && boot === this.#boot) {
      this.#linked = this.#isUncounted = true
      this.#sleepUntilRecord()
      this.#handler.onLinked(this.#lost)
    } else if (coreLink === 0 && boot !== 0 && status.session === this.#region.session) {
      // Relaxed: counted before the core gives a link up, and from 0 before it stores its boot.
      this.#offer(boot, status.damaged)
    } else if (coreLink !== 0 && this.#control.link !== this.#link) {
      // It uses a link that nobody offered: something wrote over the offer.
      this.#control.link = this.#link
      this.#ring()
    }
  }

  /** Safe only while the core uses no link: each side then resets its own ends. */
  #offer(boot: number, damages: number): void {
    // The core may have taken the link and left it again, damaged, before this side looked.
    const isOffered = this.#link !== 0 && boot === this.#boot && damages === this.#damagesAtOffer
    if (isOffered) return
    if (this.#inTurn) {
      // An owner that unlinks from within a record, and looks again: the ring is being read.
      this.#planOffer(0)
      return
    }
    const nowMs = performance.now()
    if (nowMs < this.#nextOfferMs) {
      this.#planOffer(this.#nextOfferMs - nowMs)
      return
    }
    this.#nextOfferMs = nowMs + OFFER_INTERVAL_MS
    this.#countLost()
    this.#rings.toCore.reset()
    this.#rings.fromCore.reset()
    this.#lastLink = (this.#lastLink + 1) >>> 0 || 1
    this.#link = this.#lastLink
    this.#boot = boot
    this.#damagesAtOffer = damages
    // Release: a core that has loaded the link before this one, and then finds its boot here, finds the
    // resets as well.
    this.#control.boot = boot
    // Release: the resets and the boot are seen before the link.
    this.#control.link = this.#link
    this.#ring()
  }

  /**
   * Once neither side uses the rings of a link any more, so that the counters stand still. After
   * `close` the core may still be at the last few: what is counted is the most that can be lost.
   */
  #countLost(): void {
    if (!this.#isUncounted) return
    this.#isUncounted = false
    const { toCore, fromCore } = this.#rings
    this.#lostBefore = this.lost
    this.#lost = { toCore: toCore.unread, fromCore: fromCore.unread }
  }

  /** The core does not ring again for what it has said already, so this side looks by itself. */
  #planOffer(delayMs: number): void {
    if (this.#offerTimer !== undefined) return
    // Rounded up: a timer that fires too early would only be set again.
    this.#offerTimer = setTimeout(() => {
      this.#offerTimer = undefined
      this.onBell()
    }, Math.ceil(delayMs))
    this.#offerTimer.unref()
  }

  #write(
    type: number,
    stream: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const { toCore } = this.#rings
    while (!toCore.writePart(type, stream, sequence, source, start, end)) {
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
    // A handler that makes the link look again is in the middle of one.
    if (this.#inTurn) return
    const { toCore, fromCore } = this.#rings
    const { bytes } = fromCore
    this.#inTurn = true
    try {
      fromCore.wake()
      const count = fromCore.read(
        (record) => {
          this.#handler.onRecord(record, bytes)
          // What the handler did may have ended the link, and with it the records behind this one.
          return this.#linked
        },
        RECORDS_PER_TURN,
        this.#onRead,
      )
      if (!this.#linked) return
      if (fromCore.shouldRing()) this.#ring()
      if (count === RECORDS_PER_TURN) this.#planTurn()
      else this.#sleepUntilRecord()
    } catch (error) {
      // What the owner threw says nothing of the rings: the records behind this one wait for a turn.
      if (!(error instanceof RingError)) this.#planTurn()
      this.#leaveDamaged(error)
      return
    } finally {
      this.#inTurn = false
    }
    if (this.#wantsRoom) {
      this.#wantsRoom = false
      toCore.wake()
      this.#handler.onRoom()
    }
  }

  /** @throws `error` where it is none of the rings'. */
  #leaveDamaged(error: unknown): void {
    if (!(error instanceof RingError)) throw error
    this.#damaged++
    this.unlink(error)
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

function sum(one: LostRecords, other: LostRecords): LostRecords {
  return { toCore: one.toCore + other.toCore, fromCore: one.fromCore + other.fromCore }
}

function placed<T>(places: readonly T[], core: number): T {
  const place = places[core]
  if (place === undefined) throw new ArgumentError(`a region has no core ${core}`)
  return place
}
