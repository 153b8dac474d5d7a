import { ArgumentError } from '../errors.ts'
import { RingError } from './errors.ts'
import { roundUp } from './layout.ts'
import {
  LENGTH_WORD,
  MPSC_HEADER_BYTES,
  MpscGeometry,
  STATE_MASK,
  TYPE_WORD,
} from './mpsc-geometry.ts'
import { formatMpscRing, type MpscRing } from './mpsc-ring.ts'
import { checkLimit, distance } from './ring-geometry.ts'
import { MPSC_SLOT_BYTES, MPSC_STATE } from './shared-mem.ts'
import { WaitingFlag } from './waiting-flag.ts'

/**
 * Takes a record: its type, and its payload in `bytes` at `offset`, valid until the reader returns.
 * Where it returns false, this was the last one of the batch.
 */
export type MpscReader = (
  type: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
) => boolean | undefined

/** What went through a ring and what befell it. Counters from 0; those of 32 bits wrap. */
export interface MpscRingStats {
  /** Records that this end has read, and the bytes of their payloads. */
  readonly messages: number
  readonly messageBytes: number
  /** Bytes that are reserved and not freed, with headers and padding; of `capacity`. */
  readonly usedBytes: number
  /** Times that a producer found too little room (32 bits). */
  readonly full: number
  /** Times that `unblock` passed over something, and the bytes of the ring that it gave up. */
  readonly unblocked: number
  readonly unblockedBytes: number
  /** Claims that began anew because what they had reserved was unblocked: nothing is lost (32 bits). */
  readonly overtaken: number
  /** Claims whose commit or abort came after they were unblocked (32 bits). */
  readonly refused: number
  /** Times that this end announced a sleep, and others before it (32 bits, and never 0 again). */
  readonly sleeps: number
  /** Times that this end found the ring damaged. */
  readonly damaged: number
}

/**
 * The reading end of a ring for many producers: one at a time.
 *
 * A record that is claimed and not yet committed holds up all behind it. Where its producer has died
 * it would do so for ever: see `unblock`.
 */
export class MpscRingConsumer {
  readonly #description: MpscRing
  readonly #ring: MpscGeometry
  readonly #words: Int32Array
  #flag: WaitingFlag
  /** The position of the next record, with what is read and not freed. */
  #head = 0
  /** The head that the producers see. */
  #freedHead = 0
  /** The tail as last seen: loaded again only for a record beyond it. */
  #seenTail = 0
  #reading = false
  #messages = 0
  #messageBytes = 0
  #unblocked = 0
  #unblockedBytes = 0
  #damaged = 0

  /**
   * Goes on where the last consumer of the ring stopped.
   *
   * @throws {ArgumentError} where the ring does not fit its memory, or its capacity is out of range.
   * @throws {RingError} where there is no such ring, or it is damaged.
   */
  constructor(ring: MpscRing) {
    this.#description = ring
    this.#ring = new MpscGeometry(ring)
    this.#ring.checkFormatted()
    this.#words = this.#ring.words
    this.#flag = this.#start()
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /** The longest payload of one record, in bytes: a quarter of the capacity less the header. */
  get maxMessageBytes(): number {
    return this.#ring.maxMessageBytes
  }

  /** Bytes ever consumed, modulo 2^32. A blocked ring's stands still. */
  get position(): number {
    return this.#head
  }

  /** Whether nothing is reserved: no record, and none under way. */
  get isEmpty(): boolean {
    // Relaxed: a look, by which nothing is read.
    return Atomics.load(this.#words, this.#ring.tail) >>> 0 === this.#head
  }

  /**
   * What blocks the ring: undefined where nothing does, else a number that stays the same for as long
   * as the same producer has reserved the next record and has got no further. That is a moment's
   * matter, unless it has died: see `unblock`.
   */
  get blockedAt(): number | undefined {
    if (this.isEmpty || this.#isReadable()) return undefined
    // Relaxed: a look, by which nothing is read.
    const mark = Atomics.load(this.#words, this.#ring.markAt(this.#head))
    // A position has these bits free.
    return this.#head + (mark & STATE_MASK)
  }

  get stats(): MpscRingStats {
    const ring = this.#ring
    // Relaxed, all: counters, and a number to look at.
    const load = (word: number) => Atomics.load(this.#words, word) >>> 0
    return {
      messages: this.#messages,
      messageBytes: this.#messageBytes,
      usedBytes: distance(this.#freedHead, load(ring.tail)),
      full: load(ring.full),
      unblocked: this.#unblocked,
      unblockedBytes: this.#unblockedBytes,
      overtaken: load(ring.overtaken),
      refused: load(ring.refused),
      sleeps: load(ring.sleeps),
      damaged: this.#damaged,
    }
  }

  /**
   * Hands the records that are there to `reader`, at most `limit` of them and no more bytes than the
   * ring holds, and frees them together.
   *
   * A record during which `reader` throws is consumed too.
   *
   * @returns how many there were.
   * @throws {RingError} where the ring is damaged. It stays so until `reset`.
   * @throws {ArgumentError} from within a reader of this ring, or where `limit` is no number from 0 on.
   */
  read(reader: MpscReader, limit: number): number {
    this.#refuseWhileReading()
    checkLimit(limit)
    const { bytes, capacity, data } = this.#ring
    let count = 0
    this.#reading = true
    try {
      while (count < limit && distance(this.#freedHead, this.#head) < capacity) {
        // Acquire: header and payload are as they were when the mark was stored.
        const mark = Atomics.load(this.#words, this.#ring.markAt(this.#head))
        const state = this.#checkedState(mark)
        if (state === MPSC_STATE.EMPTY || state === MPSC_STATE.CLAIMED) break
        const offset = data + this.#ring.placeOf(this.#head) + MPSC_HEADER_BYTES
        const recordBytes = this.#ring.recordBytes(mark)
        if (state === MPSC_STATE.PADDING) {
          this.#head = (this.#head + recordBytes) >>> 0
          continue
        }
        // Plain: a published record does not change. Each read once, so that what is used is what
        // was checked where one changes nevertheless.
        const header = this.#ring.headerAt(this.#head)
        const length = (this.#words[header + LENGTH_WORD] ?? 0) >>> 0
        const type = (this.#words[header + TYPE_WORD] ?? 0) >>> 0
        if (roundUp(MPSC_HEADER_BYTES + length, MPSC_SLOT_BYTES) !== recordBytes) {
          this.#fail(`is ${length} bytes of payload in ${recordBytes} bytes`)
        }
        this.#head = (this.#head + recordBytes) >>> 0
        this.#messages++
        this.#messageBytes += length
        count++
        if (reader(type, bytes, offset, length) === false) break
      }
    } finally {
      this.#reading = false
      this.#free()
    }
    return count
  }

  /**
   * Gives up what blocks the ring, for a producer that has died: call it when one is known to have
   * ended, or with the `blockedAt` that has been the same for longer than a living producer can take.
   * Then `read` again. Works with the ring full as well.
   *
   * A claim becomes padding. What is reserved and not even marked as a claim becomes padding up to
   * the next mark or the tail, slot by slot, each by an exchange that a living producer's claim
   * either loses to, and then begins anew elsewhere, or wins, and then keeps its record.
   *
   * A claim given up that lives after all is refused when it is committed. But its producer may
   * already have written its payload over records of others: nothing can prevent that, so be patient.
   *
   * @param blockedAt as it was found: whatever has moved since is left alone. Default: as it is now.
   * @returns whether anything was given up.
   * @throws {RingError} where the ring is damaged.
   */
  unblock(blockedAt = this.blockedAt): boolean {
    if (blockedAt === undefined) return false
    const state = blockedAt & STATE_MASK
    if (blockedAt - state !== this.#head) return false
    const tail = this.#loadTail()
    const at = this.#ring.markAt(this.#head)
    // Acquire: `checkedState` may load the tail again, which is then no older than the mark.
    const mark = Atomics.load(this.#words, at)
    if (this.#checkedState(mark) !== state) return false
    let given = 0
    if (state === MPSC_STATE.CLAIMED) {
      const padding = mark ^ MPSC_STATE.CLAIMED ^ MPSC_STATE.PADDING
      // Relaxed: only this side reads a padding's mark.
      if (Atomics.compareExchange(this.#words, at, mark, padding) === mark) {
        given = this.#ring.recordBytes(mark)
      }
    } else if (state === MPSC_STATE.EMPTY) {
      given = this.#seal(tail)
    }
    if (given === 0) return false
    this.#unblocked++
    this.#unblockedBytes += given
    return true
  }

  /**
   * Announces that this side sleeps until there is a record.
   *
   * @returns whether it may: where not, one came meanwhile, so read again. A ring that is blocked may
   *   be slept on; a timer has to see to it.
   */
  trySleep(): boolean {
    // Relaxed: only a consumer stores it, and for one after this, which is not to raise a number that
    // a producer has answered. Before the flag: this one may die in between.
    Atomics.store(this.#words, this.#ring.sleeps, this.#flag.next)
    this.#flag.raise()
    if (!this.#isReadable()) return true
    this.#flag.lower()
    return false
  }

  /** Takes the announcement back. */
  wake(): void {
    this.#flag.lower()
  }

  /** Shows the producers that this side lives. Call it at an interval that they know. */
  beat(): void {
    // Relaxed: stands for nothing but itself.
    Atomics.add(this.#words, this.#ring.heartbeat, 1)
  }

  /**
   * Empties a ring, damaged or not, and clears the counters in it but for that of sleeps. Only while
   * no producer claims.
   * What was claimed before and not committed will be refused.
   *
   * @throws {ArgumentError} from within a reader of this ring.
   */
  reset(): void {
    this.#refuseWhileReading()
    const { capacity } = this.#ring
    // Two laps on, where no claim can be of: they lie behind the head or at most a capacity ahead.
    const lap = Math.floor(this.#head / capacity)
    // Relaxed, both: a counter, which only this side stores. The numbers of its sleeps go on: producers
    // live on, and one that they have answered would not be rung for again.
    const sleeps = Atomics.load(this.#words, this.#ring.sleeps)
    formatMpscRing(this.#description, ((lap + 2) * capacity) % 2 ** 32)
    Atomics.store(this.#words, this.#ring.sleeps, sleeps)
    this.#flag = this.#start()
  }

  #start(): WaitingFlag {
    const { head, sleeps, waiting } = this.#ring
    // Acquire: the last consumer has freed the slots before this head.
    this.#head = Atomics.load(this.#words, head) >>> 0
    this.#freedHead = this.#seenTail = this.#head
    if (this.#head % MPSC_SLOT_BYTES !== 0) this.#fail('does not start a slot')
    // Relaxed: only a consumer stores it.
    return new WaitingFlag(this.#words, waiting, waiting, Atomics.load(this.#words, sleeps))
  }

  #refuseWhileReading(): void {
    if (this.#reading) throw new ArgumentError('a reader of a ring cannot read or reset that ring')
  }

  /** Whether `read` would find something, be it padding or damage. */
  #isReadable(): boolean {
    const empty = this.#ring.emptyMark(this.#head)
    // Relaxed, in `trySleep` after the fence in `raise`: `read` loads it again, with acquire.
    const mark = Atomics.load(this.#words, this.#ring.markAt(this.#head))
    const low = mark ^ empty
    return low !== 0 && (low & STATE_MASK) !== MPSC_STATE.CLAIMED
  }

  /**
   * The state that the mark at the head says, once all that it says is possible. It was loaded with
   * acquire: its producer moved the tail before, and is not to be found damaged by an older one.
   */
  #checkedState(mark: number): number {
    const ring = this.#ring
    const state = mark & STATE_MASK
    const recordBytes = ring.recordBytes(mark)
    const toEnd = ring.capacity - ring.placeOf(this.#head)
    const fits =
      state === MPSC_STATE.EMPTY
        ? recordBytes === 0
        : recordBytes > 0 && recordBytes <= ring.recordBytesMax && recordBytes <= toEnd
    if (!fits || ring.emptyMark(mark) !== ring.emptyMark(this.#head)) {
      this.#fail(`has the mark 0x${(mark >>> 0).toString(16)}`)
    }
    if (recordBytes > distance(this.#head, this.#seenTail)) {
      const reserved = distance(this.#head, this.#loadTail())
      if (recordBytes > reserved) this.#fail(`is ${recordBytes} bytes, with ${reserved} reserved`)
    }
    return state
  }

  #loadTail(): number {
    // Acquire, more than is needed: that it is no older than a mark is by the acquire of the mark, and
    // the slots before it were marked free by this side, or found so at the start.
    const tail = Atomics.load(this.#words, this.#ring.tail) >>> 0
    const ahead = distance(this.#head, tail)
    const room = this.#ring.capacity - distance(this.#freedHead, this.#head)
    if (ahead > room || ahead % MPSC_SLOT_BYTES !== 0) {
      this.#fail(`is not behind its producers at ${tail}`)
    }
    this.#seenTail = tail
    return tail
  }

  #fail(what: string): never {
    this.#damaged++
    throw new RingError(`a ring's record at ${this.#head} ${what}`)
  }

  /** Turns slots from the head on into padding, up to the first that is marked, or the tail. */
  #seal(tail: number): number {
    const ring = this.#ring
    let position = this.#head
    while (position !== tail) {
      const empty = ring.emptyMark(position)
      const sealed = ring.mark(position, MPSC_SLOT_BYTES, MPSC_STATE.PADDING)
      // Relaxed: a producer that finds it takes nothing from it but that it must not write.
      const found = Atomics.compareExchange(this.#words, ring.markAt(position), empty, sealed)
      if (found !== empty) break
      position = (position + MPSC_SLOT_BYTES) >>> 0
    }
    return distance(this.#head, position)
  }

  /** Makes the slots that were read free for the next lap, then shows the head. */
  #free(): void {
    const ring = this.#ring
    if (this.#freedHead === this.#head) return
    let position = this.#freedHead
    while (position !== this.#head) {
      // Plain: the head publishes them, and a late producer's exchange fails before and after.
      this.#words[ring.markAt(position)] = ring.emptyMark(position + ring.capacity)
      position = (position + MPSC_SLOT_BYTES) >>> 0
    }
    this.#freedHead = this.#head
    // Release: the payloads are read and the slots free before a producer may claim them.
    Atomics.store(this.#words, ring.head, this.#head)
  }
}
