import { checkBytes } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { RingError } from './errors.ts'
import { roundUp } from './layout.ts'
import { LENGTH_WORD, MPSC_HEADER_BYTES, MpscGeometry, TYPE_WORD } from './mpsc-geometry.ts'
import type { MpscRing } from './mpsc-ring.ts'
import { distance } from './ring-geometry.ts'
import { MPSC_SLOT_BYTES, MPSC_STATE } from './shared-mem.ts'
import { WaitingFlag } from './waiting-flag.ts'

/**
 * A writing end of a ring for many producers: one for each thread, as many as there are.
 *
 * `claim` a place, fill it, `commit`: the consumer sees the record then, once all that were claimed
 * before it are committed or aborted too. Or `write`, which does all three. Then ask `shouldRing`.
 * The records of one producer arrive in the order in which it claimed them.
 *
 * The memory must be coherent and have a compare-and-swap, as among the threads of a process. Atomics
 * know only the sequentially consistent order; the comments say which is needed, as the C side
 * (`firmware/core/mpsc_producer.c`) asks for it.
 */
export class MpscRingProducer {
  readonly #ring: MpscGeometry
  readonly #words: Int32Array
  readonly #flag: WaitingFlag
  /** The claim that is open: its mark, which is never 0, its position and its payload's length. */
  #claimedMark = 0
  #claimedAt = 0
  #claimedBytes = 0

  /**
   * @throws {ArgumentError} where the ring does not fit its memory, or its capacity is out of range.
   * @throws {RingError} where there is no such ring.
   */
  constructor(ring: MpscRing) {
    this.#ring = new MpscGeometry(ring)
    this.#ring.checkFormatted()
    this.#words = this.#ring.words
    this.#flag = new WaitingFlag(this.#words, this.#ring.waiting, this.#ring.waiting)
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /** The longest payload of one record, in bytes: a quarter of the capacity less the header. */
  get maxMessageBytes(): number {
    return this.#ring.maxMessageBytes
  }

  /** Changes while the consumer lives: see `MpscRingConsumer.beat`. */
  get consumerHeartbeat(): number {
    // Relaxed: stands for nothing but itself.
    return Atomics.load(this.#words, this.#ring.heartbeat) >>> 0
  }

  /**
   * Sets room aside for a payload. Nothing that is claimed later, by whomever, can be read before
   * this claim is committed or aborted.
   *
   * @returns where to write it, in bytes from the start of the memory, or -1 where there is too
   *   little room now.
   * @throws {ArgumentError} where `length` is over `maxMessageBytes`, or another claim is open.
   * @throws {RingError} where the positions of the ring are impossible.
   */
  claim(length: number): number {
    this.#checkLength(length)
    if (this.#claimedMark !== 0) {
      throw new ArgumentError('a claim is committed or aborted before the next one is made')
    }
    const bytes = roundUp(MPSC_HEADER_BYTES + length, MPSC_SLOT_BYTES)
    // Every round uses up room, so that at the latest a full ring ends it.
    for (;;) {
      const position = this.#reserve(bytes)
      if (position < 0) return -1
      const mark = this.#ring.mark(position, bytes, MPSC_STATE.CLAIMED)
      if (this.#take(position, mark)) {
        this.#claimedMark = mark
        this.#claimedAt = position
        this.#claimedBytes = length
        return this.#ring.data + this.#ring.placeOf(position) + MPSC_HEADER_BYTES
      }
      this.#count(this.#ring.overtaken)
    }
  }

  /**
   * Makes a record of what was claimed.
   *
   * @param type for the user to choose, 0 to 2^32 - 1.
   * @returns whether it is one: where not, the consumer took this producer for dead and passed over
   *   the claim. That is counted.
   * @throws {ArgumentError} without a claim, or where the type is out of range.
   */
  commit(type: number): boolean {
    checkType(type)
    if (this.#claimedMark === 0) throw new ArgumentError('commit without a claim')
    const at = this.#ring.markAt(this.#claimedAt)
    const header = this.#ring.headerAt(this.#claimedAt)
    // Relaxed: only so that a producer which comes much too late writes no header in what is not its
    // own any more. What decides is the exchange.
    if (Atomics.load(this.#words, at) === this.#claimedMark) {
      // Plain: nothing of a record is read before its mark says that it is published.
      this.#words[header + LENGTH_WORD] = this.#claimedBytes
      this.#words[header + TYPE_WORD] = type
    }
    return this.#close(at, MPSC_STATE.PUBLISHED)
  }

  /**
   * Gives back what was claimed: the consumer passes over it. What is behind it can be read then, so
   * ask `shouldRing`.
   *
   * @throws {ArgumentError} without a claim.
   */
  abort(): void {
    if (this.#claimedMark === 0) throw new ArgumentError('abort without a claim')
    this.#close(this.#ring.markAt(this.#claimedAt), MPSC_STATE.PADDING)
  }

  /**
   * Claims, copies the chunks one behind the other, and commits.
   *
   * Does so again where the consumer took this producer for dead in between; each time has cost the
   * consumer's whole patience, so that it cannot be often.
   *
   * @param type for the user to choose, 0 to 2^32 - 1.
   * @returns whether there was room. Where not, nothing has changed: try again later.
   * @throws {ArgumentError} where the type is out of range, a chunk is no Uint8Array, the chunks are
   *   together over `maxMessageBytes`, or a claim is open.
   * @throws {RingError} where the positions of the ring are impossible.
   */
  write(type: number, ...chunks: readonly Uint8Array[]): boolean {
    checkType(type)
    let length = 0
    for (const chunk of chunks) length += checkBytes('a chunk', chunk).length
    do {
      let at = this.claim(length)
      if (at < 0) return false
      for (const chunk of chunks) {
        this.#ring.bytes.set(chunk, at)
        at += chunk.byteLength
      }
    } while (!this.commit(type))
    return true
  }

  /**
   * Whether a payload of `length` bytes would find room now. Nothing is set aside: another producer
   * may take it.
   *
   * @throws {ArgumentError} where `length` is over `maxMessageBytes`.
   */
  hasRoom(length: number): boolean {
    this.#checkLength(length)
    const { capacity, tail: tailWord, head: headWord } = this.#ring
    // Relaxed, both: a look, by which nothing is written.
    const tail = Atomics.load(this.#words, tailWord) >>> 0
    const used = distance(Atomics.load(this.#words, headWord) >>> 0, tail)
    const bytes = roundUp(MPSC_HEADER_BYTES + length, MPSC_SLOT_BYTES)
    const toEnd = capacity - this.#ring.placeOf(tail)
    return used + bytes + (bytes > toEnd ? toEnd : 0) <= capacity
  }

  /**
   * Whether the consumer sleeps and this producer has not rung for it yet. Ask after one or more
   * records, and after an abort; where it is so, wake the consumer, by whatever means there are.
   *
   * Each producer answers for itself: one that dies before it rings takes no other's bell with it.
   * So a sleep costs as many bells as there are producers, at most.
   */
  shouldRing(): boolean {
    return this.#flag.answer()
  }

  #checkLength(length: number): void {
    const { maxMessageBytes } = this.#ring
    if (Number.isInteger(length) && length >= 0 && length <= maxMessageBytes) return
    throw new ArgumentError(
      `a record of this ring holds 0 to ${maxMessageBytes} bytes, not ${length}`,
    )
  }

  /** Moves the tail over `bytes` in one piece. Returns their position, or -1 where they do not fit. */
  #reserve(bytes: number): number {
    const { capacity, tail: tailWord, head: headWord } = this.#ring
    for (;;) {
      // Acquire: the head is loaded after it, and is one that whoever moved the tail here has seen.
      const tail = Atomics.load(this.#words, tailWord) >>> 0
      // Acquire: the consumer has freed the slots that it gives back. Loaded each time: a head that
      // a thread kept while 2^32 bytes went by would look like a new one.
      const head = Atomics.load(this.#words, headWord) >>> 0
      const used = distance(head, tail)
      if (used > capacity || used % MPSC_SLOT_BYTES !== 0) {
        // Unless others have moved both since the tail was loaded.
        if (Atomics.load(this.#words, tailWord) >>> 0 !== tail) continue
        throw new RingError(
          `a ring's consumer stands at ${head}, which is not behind its producers at ${tail}`,
        )
      }
      const toEnd = capacity - this.#ring.placeOf(tail)
      const padding = bytes > toEnd ? toEnd : 0
      if (capacity - used < padding + bytes) {
        this.#count(this.#ring.full)
        return -1
      }
      const moved = (tail + padding + bytes) | 0
      // Acquire and release: who sees this tail sees the head by which it was found to be free.
      if (Atomics.compareExchange(this.#words, tailWord, tail | 0, moved) !== (tail | 0)) continue
      // Where the consumer has sealed it meanwhile, it is padding already.
      if (padding > 0) this.#take(tail, this.#ring.mark(tail, padding, MPSC_STATE.PADDING))
      return (tail + padding) >>> 0
    }
  }

  /**
   * Marks what was reserved. Returns false where the consumer has sealed it: of the two exchanges
   * one wins, and nothing is written to a slot before.
   */
  #take(position: number, mark: number): boolean {
    const empty = this.#ring.emptyMark(position)
    // Release, for padding: the tail is seen to be beyond it.
    const found = Atomics.compareExchange(this.#words, this.#ring.markAt(position), empty, mark)
    return found === empty
  }

  #close(at: number, state: number): boolean {
    const mark = this.#claimedMark
    this.#claimedMark = 0
    const closed = mark ^ MPSC_STATE.CLAIMED ^ state
    // Release: header and payload are seen before the mark.
    if (Atomics.compareExchange(this.#words, at, mark, closed) === mark) return true
    this.#count(this.#ring.refused)
    return false
  }

  #count(counter: number): void {
    // Relaxed: a counter.
    Atomics.add(this.#words, counter, 1)
  }
}

function checkType(type: number): void {
  if (type >>> 0 !== type) {
    throw new ArgumentError(`a record's type is a whole number from 0 to 2^32 - 1, not ${type}`)
  }
}
