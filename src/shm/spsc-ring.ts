import { ArgumentError } from '../errors.ts'
import { RingError } from './errors.ts'
import { roundUp } from './layout.ts'
import {
  COMMAND,
  LIMITS,
  RecordHeader,
  RingConsumerLine,
  RingControl,
  RingProducerLine,
} from './shared-mem.ts'
import type { Memory } from './struct-view.ts'

/** Records start on multiples of this, so that a header never wraps. */
export const RECORD_ALIGN = RecordHeader.bytes

const PADDING = COMMAND.PADDING
const HEADER_BYTES = RecordHeader.bytes

/** The positions are free-running and 32 bits wide: a difference is taken modulo 2^32. */
function distance(from: number, to: number): number {
  return (to - from) >>> 0
}

/** Whether a ring may have this capacity: a power of two within the limits, in bytes. */
export function isCapacity(bytes: number): boolean {
  return (
    bytes >= LIMITS.RING_CAPACITY_MIN &&
    bytes <= LIMITS.RING_CAPACITY_MAX &&
    Number.isInteger(Math.log2(bytes))
  )
}

/** @throws {ArgumentError} where a ring cannot have this capacity. */
export function checkCapacity(bytes: number): void {
  if (isCapacity(bytes)) return
  throw new ArgumentError(
    `a ring's capacity is a power of two from ${LIMITS.RING_CAPACITY_MIN} to ${LIMITS.RING_CAPACITY_MAX} bytes, not ${bytes}`,
  )
}

/** Where a ring lies and what fits in it. */
class RingGeometry {
  readonly memory: Memory
  /** Bytes from the start of the memory to the ring's data. */
  readonly data: number
  readonly capacity: number
  /** The longest payload of one record: a quarter of the ring, so that four are always in flight. */
  readonly payloadBytesMax: number
  readonly tail: number
  readonly producerWaiting: number
  readonly records: number
  readonly full: number
  readonly head: number
  readonly consumerWaiting: number

  constructor(memory: Memory, offset: number, capacity: number) {
    checkCapacity(capacity)
    const end = offset + RingControl.bytes + capacity
    if (offset < 0 || offset % RingControl.align !== 0 || end > memory.bytes.byteLength) {
      throw new ArgumentError(
        `a ring of ${capacity} bytes does not fit at ${offset} of ${memory.bytes.byteLength} bytes`,
      )
    }
    this.memory = memory
    this.data = offset + RingControl.bytes
    this.capacity = capacity
    this.payloadBytesMax = capacity / 4 - HEADER_BYTES
    const producer = offset + RingControl.offsets.producer
    const consumer = offset + RingControl.offsets.consumer
    this.tail = (producer + RingProducerLine.offsets.tail) / 4
    this.producerWaiting = (producer + RingProducerLine.offsets.waiting) / 4
    this.records = (producer + RingProducerLine.offsets.records) / 4
    this.full = (producer + RingProducerLine.offsets.full) / 4
    this.head = (consumer + RingConsumerLine.offsets.head) / 4
    this.consumerWaiting = (consumer + RingConsumerLine.offsets.waiting) / 4
  }
}

/**
 * One end's half of the protocol that lets the other sleep. A side that is about to sleep stores a
 * number that it has not used before in its waiting flag, then looks once more; the other side
 * rings the doorbell when it finds a flag that it has not answered yet. So one sleep costs at most
 * one bell, and neither writes the other's flag.
 */
class WaitingFlag {
  readonly #words: Int32Array
  readonly #own: number
  readonly #other: number
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))
  #ticket = 0
  #answered = 0

  constructor(words: Int32Array, own: number, other: number) {
    this.#words = words
    this.#own = own
    this.#other = other
  }

  reset(): void {
    this.#answered = 0
    Atomics.store(this.#words, this.#own, 0)
  }

  raise(): void {
    this.#ticket = (this.#ticket + 1) | 0 || 1
    Atomics.store(this.#words, this.#own, this.#ticket)
    // Full fence between the flag and the second look. An add to private memory, because the
    // shared memory may be of a kind that has no read-modify-write.
    Atomics.add(this.#fence, 0, 1)
  }

  lower(): void {
    if (Atomics.load(this.#words, this.#own) !== 0) Atomics.store(this.#words, this.#own, 0)
  }

  /** Whether the other side sleeps and has not been rung for. */
  answer(): boolean {
    // Full fence between what was just stored (a tail, a head) and the other's flag.
    Atomics.add(this.#fence, 0, 1)
    const waiting = Atomics.load(this.#words, this.#other)
    if (waiting === 0 || waiting === this.#answered) return false
    this.#answered = waiting
    return true
  }
}

/**
 * The writing end of a single-producer single-consumer ring.
 *
 * `claim` a place, fill it, `commit`; any number of times; then `publish`. The consumer sees
 * nothing before that. Only aligned 32-bit loads and stores touch what both sides use.
 */
export class SpscRingProducer {
  readonly #ring: RingGeometry
  readonly #words: Int32Array
  readonly #flag: WaitingFlag
  /** The tail with what is committed and not published. */
  #tail = 0
  #publishedTail = 0
  /** The consumer's head as last seen: loaded again only where it leaves too little room. */
  #seenHead = 0
  #claimedAt = 0
  #claimedBytes = -1
  #records = 0
  #full = 0

  /** @throws {ArgumentError} where the ring does not fit, or its capacity is out of range. */
  constructor(memory: Memory, offset: number, capacity: number) {
    this.#ring = new RingGeometry(memory, offset, capacity)
    this.#words = memory.words
    this.#flag = new WaitingFlag(
      memory.words,
      this.#ring.producerWaiting,
      this.#ring.consumerWaiting,
    )
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /** The longest payload of one record, in bytes: a quarter of the capacity less the header. */
  get payloadBytesMax(): number {
    return this.#ring.payloadBytesMax
  }

  /** Bytes that are published and not consumed, as far as this side knows. */
  get usedBytes(): number {
    return distance(Atomics.load(this.#words, this.#ring.head), this.#publishedTail)
  }

  /** Records published since `reset`. */
  get records(): number {
    return this.#records
  }

  /** Claims that found too little room since `reset`. */
  get full(): number {
    return this.#full
  }

  /** Empties this end. Only while the consumer does not use the ring. */
  reset(): void {
    this.#tail = this.#publishedTail = this.#seenHead = 0
    this.#claimedBytes = -1
    this.#records = this.#full = 0
    this.#flag.reset()
    Atomics.store(this.#words, this.#ring.records, 0)
    Atomics.store(this.#words, this.#ring.full, 0)
    Atomics.store(this.#words, this.#ring.tail, 0)
  }

  /**
   * Sets room aside for a payload.
   *
   * @returns where to write it, in bytes from the start of the memory, or -1 where there is too
   *   little room now.
   * @throws {ArgumentError} where `length` is over `payloadBytesMax`.
   * @throws {RingError} where the consumer's position is impossible.
   */
  claim(length: number): number {
    const { capacity, payloadBytesMax, data } = this.#ring
    if (!(length >= 0 && length <= payloadBytesMax)) {
      throw new ArgumentError(
        `a record of this ring holds 0 to ${payloadBytesMax} bytes, not ${length}`,
      )
    }
    const bytes = HEADER_BYTES + roundUp(length, RECORD_ALIGN)
    const place = this.#tail & (capacity - 1)
    const toEnd = capacity - place
    const padding = bytes > toEnd ? toEnd : 0
    if (!this.#hasRoom(padding + bytes)) {
      this.#full = (this.#full + 1) >>> 0
      Atomics.store(this.#words, this.#ring.full, this.#full)
      return -1
    }
    if (padding > 0) {
      this.#writeHeader(data + place, padding - HEADER_BYTES, PADDING, 0, 0, 0)
      this.#tail = (this.#tail + padding) >>> 0
    }
    this.#claimedAt = data + (this.#tail & (capacity - 1))
    this.#claimedBytes = length
    return this.#claimedAt + HEADER_BYTES
  }

  /** Makes a record of what was claimed. The consumer sees it after `publish`. */
  commit(type: number, stream: number, sequence: number, flags = 0): void {
    if (this.#claimedBytes < 0) throw new ArgumentError('commit without a claim')
    this.#writeHeader(this.#claimedAt, this.#claimedBytes, type, flags, stream, sequence)
    this.#tail = (this.#tail + HEADER_BYTES + roundUp(this.#claimedBytes, RECORD_ALIGN)) >>> 0
    this.#claimedBytes = -1
    this.#records = (this.#records + 1) >>> 0
  }

  /** Gives back what was claimed. */
  abort(): void {
    this.#claimedBytes = -1
  }

  /** Claims, copies and commits. Returns false where there is too little room now. */
  write(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
    const at = this.claim(payload.byteLength)
    if (at < 0) return false
    this.#ring.memory.bytes.set(payload, at)
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
    Atomics.store(this.#words, this.#ring.records, this.#records)
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
    const before = this.#seenHead
    this.#flag.raise()
    // Acquire, after the fence in `raise`: room that was made before the flag was seen.
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

/** A record as the consumer finds it. The same object for every record of a ring. */
export interface RingRecord {
  type: number
  flags: number
  stream: number
  sequence: number
  /** The payload: bytes from the start of the memory, valid until the reader returns. */
  offset: number
  /** Bytes of payload. */
  length: number
}

/** The reading end of a single-producer single-consumer ring. */
export class SpscRingConsumer {
  readonly #ring: RingGeometry
  readonly #words: Int32Array
  readonly #flag: WaitingFlag
  readonly #record: RingRecord = {
    type: 0,
    flags: 0,
    stream: 0,
    sequence: 0,
    offset: 0,
    length: 0,
  }
  #head = 0

  /** @throws {ArgumentError} where the ring does not fit, or its capacity is out of range. */
  constructor(memory: Memory, offset: number, capacity: number) {
    this.#ring = new RingGeometry(memory, offset, capacity)
    this.#words = memory.words
    this.#flag = new WaitingFlag(
      memory.words,
      this.#ring.consumerWaiting,
      this.#ring.producerWaiting,
    )
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /** Bytes that are published and not consumed. */
  get usedBytes(): number {
    return distance(this.#head, Atomics.load(this.#words, this.#ring.tail))
  }

  /** Records that the producer says it has published since its `reset`. */
  get records(): number {
    return Atomics.load(this.#words, this.#ring.records) >>> 0
  }

  /** Times that the producer says it found too little room since its `reset`. */
  get full(): number {
    return Atomics.load(this.#words, this.#ring.full) >>> 0
  }

  /** Empties this end. Only while the producer does not use the ring. */
  reset(): void {
    this.#head = 0
    this.#flag.reset()
    Atomics.store(this.#words, this.#ring.head, 0)
  }

  /**
   * Hands the records that are there to `reader`, at most `limit` of them, and frees them together.
   *
   * A record during which `reader` throws is consumed too.
   *
   * @returns how many there were.
   * @throws {RingError} where the producer's position or a record is impossible.
   */
  read(reader: (record: RingRecord) => void, limit: number): number {
    // Acquire: what the producer wrote before this tail.
    const tail = Atomics.load(this.#words, this.#ring.tail) >>> 0
    const start = this.#head
    if (tail === start) return 0
    this.#checkTail(tail)
    let count = 0
    try {
      while (count < limit && this.#head !== tail) {
        const bytes = this.#parse(distance(this.#head, tail))
        this.#head = (this.#head + bytes) >>> 0
        if (this.#record.type === PADDING) continue
        count++
        reader(this.#record)
      }
    } finally {
      // Release: the reader is done with the payloads before the producer may overwrite them.
      if (this.#head !== start) Atomics.store(this.#words, this.#ring.head, this.#head)
    }
    return count
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
    // Acquire, after the fence in `raise`.
    if (Atomics.load(this.#words, this.#ring.tail) >>> 0 === this.#head) return true
    this.#flag.lower()
    return false
  }

  /** Takes the announcement back. */
  wake(): void {
    this.#flag.lower()
  }

  #checkTail(tail: number): void {
    const used = distance(this.#head, tail)
    if (used > this.#ring.capacity || used % RECORD_ALIGN !== 0) {
      throw new RingError(
        `a ring's producer stands at ${tail}, which is not ahead of its consumer at ${this.#head}`,
      )
    }
  }

  /** Fills `#record` from the head and returns its bytes with header and alignment. */
  #parse(available: number): number {
    const { capacity, data, payloadBytesMax } = this.#ring
    const place = this.#head & (capacity - 1)
    const word = (data + place) / 4
    const length = (this.#words[word] ?? 0) >>> 0
    const typeAndFlags = (this.#words[word + 1] ?? 0) >>> 0
    const type = typeAndFlags & 0xffff
    const bytes = HEADER_BYTES + roundUp(length, RECORD_ALIGN)
    const toEnd = capacity - place
    const fits = type === PADDING ? bytes === toEnd : length <= payloadBytesMax && bytes <= toEnd
    if (!fits || bytes > available) {
      throw new RingError(
        `a ring's record at ${this.#head} is ${length} bytes of type ${type}, with ${available} bytes published`,
      )
    }
    const record = this.#record
    record.type = type
    record.flags = typeAndFlags >>> 16
    record.stream = (this.#words[word + 2] ?? 0) >>> 0
    record.sequence = (this.#words[word + 3] ?? 0) >>> 0
    record.offset = data + place + HEADER_BYTES
    record.length = length
    return bytes
  }
}
