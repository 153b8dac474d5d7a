import { ArgumentError } from '../errors.ts'
import { RingError } from './errors.ts'
import { copyOut } from './memory-copy.ts'
import { checkWritable } from './read-only-memory.ts'
import { CHECKSUM_BYTES, hasRightChecksum } from './record-checksum.ts'
import {
  checkLimit,
  distance,
  fitsBeforeEnd,
  HEADER_BYTES,
  RECORD_ALIGN,
  RingGeometry,
  recordBytes,
} from './ring-geometry.ts'
import { COMMAND, RECORD_FLAG } from './shared-mem.ts'
import { type Memory, memoryOver } from './struct-view.ts'
import { WaitingFlag } from './waiting-flag.ts'

/** A record as the consumer finds it. The same object for every record of a ring. */
export interface RingRecord {
  type: number
  flags: number
  stream: number
  sequence: number
  /** The payload: where in {@link SpscRingConsumer.bytes}, valid until the reader returns. */
  offset: number
  /** Bytes of payload. */
  length: number
}

/** How the reading end of a ring is. */
export interface RingConsumerStats {
  /** Records read since `reset`; modulo 2^32, as the counters below. */
  readonly read: number
  /** Records that the producer has published and this end has not read, as the producer says. */
  readonly unread: number
  /** Claims that found too little room, as the producer says. */
  readonly full: number
  /** Bytes that are published and not freed, with headers and padding; of `capacity`. */
  readonly usedBytes: number
}

/** The reading end of a single-producer single-consumer ring. */
export class SpscRingConsumer {
  readonly #ring: RingGeometry
  readonly #words: Int32Array
  readonly #flag: WaitingFlag
  /** Of a device's memory: the record that is read, with its header. */
  readonly #copy: Memory | undefined
  readonly #record: RingRecord = {
    type: 0,
    flags: 0,
    stream: 0,
    sequence: 0,
    offset: 0,
    length: 0,
  }
  /** With what is passed over and not freed. */
  #head = 0
  #freedHead = 0
  #consumed = 0
  #reading = false

  /**
   * @throws {ArgumentError} where the ring does not fit, or its capacity is out of range.
   * @throws {RegionError} `ERR_CARILLON_REGION_READ_ONLY`.
   */
  constructor(memory: Memory, offset: number, capacity: number) {
    checkWritable(memory.bytes)
    this.#ring = new RingGeometry(memory, offset, capacity)
    this.#words = memory.words
    this.#copy = memory.isDevice
      ? memoryOver(new Uint8Array(recordBytes(this.#ring.payloadBytesMax)))
      : undefined
    this.#flag = new WaitingFlag(
      memory.words,
      this.#ring.consumerWaiting,
      this.#ring.producerWaiting,
    )
  }

  /**
   * What records lie in: the memory of the ring; of a device's memory, which may not be read as bytes
   * lie, a copy of the record that is read.
   */
  get bytes(): Uint8Array {
    return (this.#copy ?? this.#ring.memory).bytes
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /** The longest payload of one record, in bytes. */
  get payloadBytesMax(): number {
    return this.#ring.payloadBytesMax
  }

  /** Bytes that are published and not consumed. */
  get usedBytes(): number {
    // Relaxed: a number to look at, by which nothing is read.
    return distance(this.#freedHead, Atomics.load(this.#words, this.#ring.tail))
  }

  /** Records that the producer says it has published since its `reset`. */
  get records(): number {
    // Relaxed, here and in `full`: counters.
    return Atomics.load(this.#words, this.#ring.records) >>> 0
  }

  /** Times that the producer says it found too little room since its `reset`. */
  get full(): number {
    return Atomics.load(this.#words, this.#ring.full) >>> 0
  }

  /** Records that the producer says it has published and that this end has not read. */
  get unread(): number {
    return Math.min(distance(this.#consumed, this.records), this.#ring.recordsMax)
  }

  get stats(): RingConsumerStats {
    const { unread, full, usedBytes } = this
    return { read: this.#consumed, unread, full, usedBytes }
  }

  /**
   * Empties this end. Only while the producer does not use the ring.
   *
   * @throws {ArgumentError} from within a reader of this ring.
   */
  reset(): void {
    this.#refuseWhileReading()
    this.#head = this.#freedHead = this.#consumed = 0
    this.#flag.reset()
    // Relaxed, both: the link that follows publishes them.
    Atomics.store(this.#words, this.#ring.consumed, 0)
    Atomics.store(this.#words, this.#ring.head, 0)
  }

  /**
   * Hands the records that are there to `reader`, at most `limit` of them, and frees them together.
   *
   * A record during which `reader` throws is consumed too, and so is one for which it returns
   * false, which makes it the last.
   *
   * @param onRead called once before they are freed, where there were any: until it returns their
   *   payloads are there. Not of a device's memory, of which each record is a copy that gives way to
   *   the next.
   * @returns how many there were.
   * @throws {RingError} where the producer's position or a record is impossible.
   * @throws {ArgumentError} from within a reader of this ring, or where `limit` is no number from 0 on.
   */
  read(
    reader: (record: RingRecord) => boolean | undefined,
    limit: number,
    onRead?: () => void,
  ): number {
    this.#refuseWhileReading()
    checkLimit(limit)
    const tail = this.#loadTail()
    let count = 0
    this.#reading = true
    try {
      while (count < limit && this.#head !== tail) {
        const bytes = this.#parse(distance(this.#head, tail))
        this.#head = (this.#head + bytes) >>> 0
        if (this.#record.type === COMMAND.PADDING) continue
        count++
        if (reader(this.#record) === false) break
      }
    } finally {
      try {
        if (count > 0) onRead?.()
      } finally {
        this.#reading = false
        this.#consumed = (this.#consumed + count) >>> 0
        this.#free()
      }
    }
    return count
  }

  /**
   * The record that `read` would hand over next, or undefined where there is none. It stays unread.
   *
   * @throws {RingError} where the producer's position or the record is impossible.
   * @throws {ArgumentError} from within a reader of this ring.
   */
  peek(): RingRecord | undefined {
    this.#refuseWhileReading()
    const tail = this.#loadTail()
    while (this.#head !== tail) {
      const bytes = this.#parse(distance(this.#head, tail))
      if (this.#record.type !== COMMAND.PADDING) return this.#record
      this.#head = (this.#head + bytes) >>> 0
    }
    return undefined
  }

  /** Whether the producer sleeps until there is room, and must be rung for now that some is. */
  shouldRing(): boolean {
    return this.#flag.answer()
  }

  /**
   * Announces that this side sleeps until there is a record.
   *
   * @returns whether it may: where not, one came meanwhile, so read again.
   */
  trySleep(): boolean {
    this.#flag.raise()
    // Relaxed, after the fence in `raise`: `read` loads it again, with acquire, before it reads.
    if (Atomics.load(this.#words, this.#ring.tail) >>> 0 === this.#head) return true
    this.#flag.lower()
    return false
  }

  /** Takes the announcement back. */
  wake(): void {
    this.#flag.lower()
  }

  /** The payloads before the head are the reader's until it returns, and its record is the only one. */
  #refuseWhileReading(): void {
    if (this.#reading) {
      throw new ArgumentError('a reader of a ring cannot read, peek at or reset that ring')
    }
  }

  #loadTail(): number {
    // Acquire: what the producer wrote before this tail.
    const tail = Atomics.load(this.#words, this.#ring.tail) >>> 0
    const room = this.#ring.capacity - distance(this.#freedHead, this.#head)
    const ahead = distance(this.#head, tail)
    if (ahead > room || ahead % RECORD_ALIGN !== 0) {
      throw new RingError(
        `a ring's producer stands at ${tail}, which is not ahead of its consumer at ${this.#head}`,
      )
    }
    return tail
  }

  /** Leaves it off the payload. */
  #checkChecksum(): void {
    const record = this.#record
    const bytes = HEADER_BYTES + record.length
    if (!hasRightChecksum(this.#copy ?? this.#ring.memory, record.offset - HEADER_BYTES, bytes)) {
      throw new RingError(`a ring's record at ${this.#head} does not have its checksum`)
    }
    record.length -= CHECKSUM_BYTES
  }

  #free(): void {
    if (this.#head === this.#freedHead) return
    this.#freedHead = this.#head
    // Plain, as relaxed as it gets: a counter; the head publishes it.
    this.#words[this.#ring.consumed] = this.#consumed
    // Release: the reader is done with the payloads before the producer may overwrite them.
    Atomics.store(this.#words, this.#ring.head, this.#head)
  }

  /**
   * Plain loads, each word once: nothing before the tail that was loaded changes, and what a damaged
   * producer changes nevertheless has been checked already.
   *
   * Fills `#record` from the head and returns its bytes with header and alignment.
   */
  #parse(available: number): number {
    const { capacity, data, payloadBytesMax } = this.#ring
    const place = this.#head & (capacity - 1)
    const word = (data + place) / 4
    const length = (this.#words[word] ?? 0) >>> 0
    const typeAndFlags = (this.#words[word + 1] ?? 0) >>> 0
    const type = typeAndFlags & 0xffff
    const bytes = recordBytes(length)
    const toEnd = capacity - place
    const fits = fitsBeforeEnd(type, length, bytes, toEnd, payloadBytesMax)
    if (!fits || bytes > available) {
      throw new RingError(
        `a ring's record at ${this.#head} is ${length} bytes of type ${type}, with ${available} bytes published`,
      )
    }
    const record = this.#record
    const hasChecksum = ((typeAndFlags >>> 16) & RECORD_FLAG.CHECKSUM) !== 0
    record.type = type
    record.flags = typeAndFlags >>> 16
    record.stream = (this.#words[word + 2] ?? 0) >>> 0
    record.sequence = (this.#words[word + 3] ?? 0) >>> 0
    record.offset = data + place + HEADER_BYTES
    record.length = length
    if (this.#copy !== undefined && type !== COMMAND.PADDING) {
      copyOut(this.#ring.memory, data + place, this.#copy.bytes.subarray(0, bytes))
      record.offset = HEADER_BYTES
    }
    if (hasChecksum && type !== COMMAND.PADDING) this.#checkChecksum()
    return bytes
  }
}
