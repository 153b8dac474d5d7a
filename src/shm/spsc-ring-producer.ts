import { checkBytes } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { RingError } from './errors.ts'
import { copyIn } from './memory-copy.ts'
import { checkWritable } from './read-only-memory.ts'
import { CHECKSUM_BYTES, writeChecksum } from './record-checksum.ts'
import { distance, HEADER_BYTES, RECORD_ALIGN, RingGeometry, recordBytes } from './ring-geometry.ts'
import { COMMAND, RECORD_FLAG } from './shared-mem.ts'
import type { Memory } from './struct-view.ts'
import { WaitingFlag } from './waiting-flag.ts'

export interface RingProducerOptions {
  /**
   * Whether each record ends with a checksum, which the consumer looks at: for memory that is not
   * trusted to keep what is written. Default false.
   */
  readonly checksum?: boolean
}

/** How the writing end of a ring is. */
export interface RingProducerStats {
  /** Records committed since `reset`; modulo 2^32, as the counters below. */
  readonly records: number
  /** Of those, the ones that the consumer has not freed, as it says. */
  readonly unread: number
  /** Claims that found too little room. */
  readonly full: number
  /** Bytes that are published and not consumed, with headers and padding; of `capacity`. */
  readonly usedBytes: number
}

/**
 * The writing end of a single-producer single-consumer ring.
 *
 * `claim` a place, fill it, `commit`; any number of times; then `publish`. The consumer sees
 * nothing before that. Only aligned 32-bit loads and stores touch what both sides use; `write` copies
 * so too where the memory is a device's.
 */
export class SpscRingProducer {
  readonly #ring: RingGeometry
  readonly #words: Int32Array
  readonly #flag: WaitingFlag
  readonly #checksumBytes: number
  /** With what is committed and not published. */
  #tail = 0
  #publishedTail = 0
  /** The consumer's head as last seen: loaded again only where it leaves too little room. */
  #seenHead = 0
  /** What the first of the claims saw that have found too little room since the last sleep. */
  #refusedAtHead: number | undefined
  #claimedAt = 0
  #claimedBytes = -1
  #records = 0
  #full = 0

  /**
   * @throws {ArgumentError} where the ring does not fit, its capacity is out of range, or it would have
   *   checksums in a device's memory, over which none can be made.
   * @throws {RegionError} `ERR_CARILLON_REGION_READ_ONLY`.
   */
  constructor(memory: Memory, offset: number, capacity: number, options: RingProducerOptions = {}) {
    checkWritable(memory.bytes)
    if (options.checksum && memory.isDevice) {
      throw new ArgumentError("records in a device's memory have no checksum")
    }
    this.#ring = new RingGeometry(memory, offset, capacity)
    this.#words = memory.words
    this.#checksumBytes = options.checksum ? CHECKSUM_BYTES : 0
    this.#flag = new WaitingFlag(
      memory.words,
      this.#ring.producerWaiting,
      this.#ring.consumerWaiting,
    )
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /**
   * The longest payload of one record, in bytes: a quarter of the capacity less the header, and less
   * the checksum where there is one.
   */
  get payloadBytesMax(): number {
    return this.#ring.payloadBytesMax - this.#checksumBytes
  }

  /** Bytes that are published and not consumed, as far as this side knows. */
  get usedBytes(): number {
    // Relaxed: a number to look at, by which nothing is reused.
    return distance(Atomics.load(this.#words, this.#ring.head), this.#publishedTail)
  }

  /** Records committed since `reset`. */
  get records(): number {
    return this.#records
  }

  /**
   * Of the records since `reset`, those that the consumer has not freed, as it says. After the
   * consumer has died they are lost, but for what it was at.
   */
  get unread(): number {
    // Relaxed: the consumer's counter, which is all that is read of it.
    const consumed = Atomics.load(this.#words, this.#ring.consumed)
    return Math.min(distance(consumed, this.#records), this.#ring.recordsMax)
  }

  get stats(): RingProducerStats {
    const { records, unread, full, usedBytes } = this
    return { records, unread, full, usedBytes }
  }

  /** Claims that found too little room since `reset`. */
  get full(): number {
    return this.#full
  }

  /** Empties this end. Only while the consumer does not use the ring. */
  reset(): void {
    this.#tail = this.#publishedTail = this.#seenHead = 0
    this.#claimedBytes = -1
    this.#refusedAtHead = undefined
    this.#records = this.#full = 0
    this.#flag.reset()
    // Relaxed: the link that follows publishes them.
    Atomics.store(this.#words, this.#ring.records, 0)
    Atomics.store(this.#words, this.#ring.full, 0)
    Atomics.store(this.#words, this.#ring.tail, 0)
  }

  /**
   * Sets room aside for a payload. A claim that is open is given back first, whatever comes of this
   * one.
   *
   * @returns where to write it, in bytes from the start of the memory, or -1 where there is too
   *   little room now.
   * @throws {ArgumentError} where `length` is no whole number from 0 to `payloadBytesMax`.
   * @throws {RingError} where the consumer's position is impossible.
   */
  claim(length: number): number {
    const { capacity, payloadBytesMax, data } = this.#ring
    const payloadBytes = length + this.#checksumBytes
    if (!(Number.isInteger(length) && length >= 0 && payloadBytes <= payloadBytesMax)) {
      throw new ArgumentError(
        `a record of this ring holds 0 to ${this.payloadBytesMax} bytes, not ${length}`,
      )
    }
    const bytes = recordBytes(payloadBytes)
    const place = this.#tail & (capacity - 1)
    const toEnd = capacity - place
    const padding = bytes > toEnd ? toEnd : 0
    if (!this.#hasRoom(padding + bytes)) {
      this.#claimedBytes = -1
      this.#full = (this.#full + 1) >>> 0
      this.#refusedAtHead ??= this.#seenHead
      // Relaxed: a counter.
      Atomics.store(this.#words, this.#ring.full, this.#full)
      return -1
    }
    if (padding > 0) {
      this.#writeHeader(data + place, padding - HEADER_BYTES, COMMAND.PADDING, 0, 0, 0)
      this.#tail = (this.#tail + padding) >>> 0
    }
    this.#claimedAt = data + (this.#tail & (capacity - 1))
    this.#claimedBytes = payloadBytes
    return this.#claimedAt + HEADER_BYTES
  }

  /**
   * Copies a payload to the start of what was claimed, as the memory takes it.
   *
   * @throws {ArgumentError} without a claim, or where the payload is no Uint8Array or longer than what was
   *   claimed.
   */
  fill(payload: Uint8Array): void {
    const { length } = checkBytes('a payload', payload)
    if (this.#claimedBytes < 0) throw new ArgumentError('fill without a claim')
    const room = this.#claimedBytes - this.#checksumBytes
    if (length > room) throw new ArgumentError(`${room} bytes were claimed, not ${length}`)
    copyIn(this.#ring.memory, this.#claimedAt + HEADER_BYTES, payload, 0, length)
  }

  /**
   * Makes a record of what was claimed. The consumer sees it after `publish`.
   *
   * @param type 1 to 65,535, for the user to choose.
   * @param stream 32 bits, for the user to choose, as `sequence`.
   * @param flags 0 to 65,535, of RECORD_FLAG; that of checksums is the ring's own to set. Default 0.
   * @throws {ArgumentError} without a claim, or where the type or the flags are out of range.
   */
  commit(type: number, stream: number, sequence: number, flags = 0): void {
    if (this.#claimedBytes < 0) throw new ArgumentError('commit without a claim')
    // Each beyond its bits, or no whole number, would be another record than was meant, and 0 is padding.
    if (type === 0 || (type & 0xffff) !== type || (flags & 0xffff) !== flags) {
      throw new ArgumentError(
        `a record's type is an integer from 1 to 65535 and its flags one from 0 to 65535, not ${type} and ${flags}`,
      )
    }
    // The consumer would take the end of the payload for the checksum, and the ring for damaged.
    if ((flags & RECORD_FLAG.CHECKSUM) !== 0 && this.#checksumBytes === 0) {
      throw new ArgumentError('this ring has no checksums: its records are not flagged so')
    }
    if (this.#checksumBytes === 0) {
      this.#writeHeader(this.#claimedAt, this.#claimedBytes, type, flags, stream, sequence)
    } else {
      const flagged = flags | RECORD_FLAG.CHECKSUM
      this.#writeHeader(this.#claimedAt, this.#claimedBytes, type, flagged, stream, sequence)
      writeChecksum(this.#ring.memory, this.#claimedAt, HEADER_BYTES + this.#claimedBytes)
    }
    this.#tail = (this.#tail + recordBytes(this.#claimedBytes)) >>> 0
    this.#claimedBytes = -1
    this.#records = (this.#records + 1) >>> 0
  }

  /** Gives back what was claimed. */
  abort(): void {
    this.#claimedBytes = -1
  }

  /**
   * Claims, copies and commits. Returns false where there is too little room now.
   *
   * @throws {ArgumentError} where the payload is no Uint8Array or over `payloadBytesMax`, or the type
   *   is out of range.
   * @throws {RingError} where the consumer's position is impossible.
   */
  write(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
    return this.writePart(
      type,
      stream,
      sequence,
      payload,
      0,
      checkBytes('a payload', payload).length,
    )
  }

  /**
   * As `write`, of the bytes from `start` to `end` of `source`, for which no view has to be made.
   *
   * @throws {ArgumentError} as `write`, and where they do not lie in it.
   */
  writePart(
    type: number,
    stream: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const at = this.claim(end - start)
    if (at < 0) return false
    if (start < 0 || end > source.length) {
      this.abort()
      throw new ArgumentError(`bytes ${start} to ${end} do not lie in ${source.length}`)
    }
    copyIn(this.#ring.memory, at, source, start, end)
    this.commit(type, stream, sequence)
    return true
  }

  /**
   * Shows the consumer everything committed.
   *
   * @returns whether the consumer sleeps and must be rung for.
   */
  publish(): boolean {
    if (this.#tail === this.#publishedTail) return false
    this.#publishedTail = this.#tail
    // Plain, as relaxed as it gets: a counter; the tail publishes it. An atomic store would wait here
    // until the consumer's processor has given up the lines of the payloads.
    this.#words[this.#ring.records] = this.#records
    // Release: the payloads and headers above are seen before the tail.
    Atomics.store(this.#words, this.#ring.tail, this.#tail)
    return this.#flag.answer()
  }

  /**
   * Announces that this side sleeps until there is room.
   *
   * @returns whether it may: where not, room was made meanwhile, so try again.
   */
  trySleep(): boolean {
    // A claim that came after the one that found no room may have seen room made meanwhile.
    const before = this.#refusedAtHead ?? this.#seenHead
    this.#refusedAtHead = undefined
    this.#flag.raise()
    // Relaxed, after the fence in `raise`: `claim` loads it again, with acquire, before it uses it.
    if (Atomics.load(this.#words, this.#ring.head) >>> 0 === before) return true
    this.#flag.lower()
    return false
  }

  /** Takes the announcement back. */
  wake(): void {
    this.#flag.lower()
  }

  #hasRoom(bytes: number): boolean {
    const { capacity, head } = this.#ring
    if (capacity - distance(this.#seenHead, this.#tail) >= bytes) return true
    // Acquire: the consumer has finished reading what it gives back.
    const now = Atomics.load(this.#words, head) >>> 0
    const used = distance(now, this.#tail)
    if (used > capacity || now % RECORD_ALIGN !== 0) {
      throw new RingError(
        `a ring's consumer stands at ${now}, which is not behind its producer at ${this.#tail}`,
      )
    }
    this.#seenHead = now
    return capacity - used >= bytes
  }

  /** Plain stores: nothing of a record is read before the tail that covers it. */
  #writeHeader(
    at: number,
    length: number,
    type: number,
    flags: number,
    stream: number,
    sequence: number,
  ): void {
    const word = at / 4
    this.#words[word] = length
    this.#words[word + 1] = type | (flags << 16)
    this.#words[word + 2] = stream
    this.#words[word + 3] = sequence
  }
}
