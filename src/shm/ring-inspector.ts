import { copyOut } from './memory-copy.ts'
import { distance, HEADER_BYTES, RECORD_ALIGN, RingGeometry } from './ring-geometry.ts'
import type { Memory } from './struct-view.ts'

/**
 * The most unread bytes of a ring that are copied to be shown, by default: all of any ring but the
 * very largest, and no more memory than a command may take for a look.
 */
export const COPIED_BYTES_MAX = 64 * 1024 * 1024

/**
 * Looks at a position that moves before it is taken as it comes. A consumer moves its head in
 * between once in a while; one that does it every time does it to mislead.
 */
const TRIES_MAX = 64

/** Both ends of a ring at one moment, as they say. */
export interface RingLook {
  /** Bytes of data. */
  readonly capacity: number
  /** Bytes ever consumed, modulo 2^32, as the counters below. */
  readonly head: number
  /** Bytes ever published. */
  readonly tail: number
  /** Records ever published. */
  readonly published: number
  /** Records ever consumed. */
  readonly consumed: number
  /** Times that a claim found too little room. */
  readonly full: number
  /** Whether the end sleeps until the other rings for it. */
  readonly producerWaits: boolean
  readonly consumerWaits: boolean
  /** Bytes that are published and not freed; undefined where the positions contradict each other. */
  readonly usedBytes: number | undefined
  /** Records that are published and not freed; undefined where there are more than can be. */
  readonly unread: number | undefined
}

/** The unread bytes of a ring as they were at one moment, to be taken apart at leisure. */
export interface UnreadCopy extends RingLook {
  /** The bytes from `head` on, in the order of their positions: `usedBytes`, or as many as were asked for. */
  readonly bytes: Uint8Array
  /**
   * Bytes at the start of `bytes` that the consumer freed while they were copied: the producer may
   * have written over them. All of them where the ring was made empty meanwhile.
   */
  readonly freedBytes: number
}

/**
 * Looks at a single-producer single-consumer ring from outside: it writes nothing, so neither end
 * notices. Nothing that it reads is trusted, and nothing outside of the ring is read.
 */
export class RingInspector {
  readonly #ring: RingGeometry
  readonly #words: Int32Array
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))

  /** @throws {ArgumentError} where the ring does not fit, or its capacity is out of range. */
  constructor(memory: Memory, offset: number, capacity: number) {
    this.#ring = new RingGeometry(memory, offset, capacity)
    this.#words = memory.words
  }

  /** How both ends stand. */
  look(): RingLook {
    const { capacity, recordsMax } = this.#ring
    const { head, tail, published, consumed } = this.#positions()
    const ahead = distance(head, tail)
    const unread = distance(consumed, published)
    return {
      ...{ capacity, head, tail, published, consumed },
      // Relaxed, all three: nothing is read on the strength of them.
      full: this.#load(this.#ring.full),
      producerWaits: this.#load(this.#ring.producerWaiting) !== 0,
      consumerWaits: this.#load(this.#ring.consumerWaiting) !== 0,
      usedBytes: isAhead(head, ahead, capacity) ? ahead : undefined,
      unread: unread <= recordsMax ? unread : undefined,
    }
  }

  /**
   * Copies what is unread, the first `bytesMax` bytes of it (default {@link COPIED_BYTES_MAX}; whole
   * records' alignment), and looks afterwards how much of it the consumer freed meanwhile.
   */
  copyUnread(bytesMax = COPIED_BYTES_MAX): UnreadCopy {
    const look = this.look()
    const used = look.usedBytes ?? 0
    const bytes = this.#copy(look.head, Math.min(used, bytesMax - (bytesMax % RECORD_ALIGN)))
    // Full fence between the copy, which is of plain loads, and the second look at the head. An add
    // to private memory, because this may not write to the ring's.
    Atomics.add(this.#fence, 0, 1)
    // Relaxed: the fence orders it. The producer writes over a byte only after it has seen a head
    // beyond it, so what lies from this head on was whole while it was copied.
    const freed = distance(look.head, this.#load(this.#ring.head))
    // A head that went anywhere else was set back, with all that was in the ring.
    const freedBytes = freed <= distance(look.head, this.#load(this.#ring.tail)) ? freed : used
    return { ...look, bytes, freedBytes: Math.min(freedBytes, bytes.length) }
  }

  /**
   * The tail between two looks at a head that has not moved, so that the one is ahead of the other
   * by no more than the capacity, as at any moment of a sound ring.
   */
  #positions() {
    const ring = this.#ring
    let { head, consumed } = this.#consumer()
    let tail = 0
    let published = 0
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      // Acquire: what the producer wrote before this tail, its count of records among it.
      tail = this.#load(ring.tail)
      published = this.#load(ring.records)
      const after = this.#consumer()
      if (after.head === head && after.consumed === consumed) break
      head = after.head
      consumed = after.consumed
    }
    return { head, tail, published, consumed }
  }

  /** The count after the head that publishes it: it may be ahead of the head, never behind. */
  #consumer(): { readonly head: number; readonly consumed: number } {
    // Acquire, the head: what the consumer did before it. Relaxed, the count.
    const head = this.#load(this.#ring.head)
    return { head, consumed: this.#load(this.#ring.consumed) }
  }

  /** Atomics know the strongest memory order only; the callers say which is needed. */
  #load(word: number): number {
    return Atomics.load(this.#words, word) >>> 0
  }

  /** Plain loads, in two pieces where the ring wraps. `count` is the capacity at most. */
  #copy(from: number, count: number): Uint8Array {
    const { capacity, data, memory } = this.#ring
    const place = from & (capacity - 1)
    const first = Math.min(count, capacity - place)
    const copy = new Uint8Array(count)
    copyOut(memory, data + place, copy.subarray(0, first))
    copyOut(memory, data, copy.subarray(first, count))
    return copy
  }
}

/** Whether a producer can be that far ahead of a consumer at `head`. */
function isAhead(head: number, ahead: number, capacity: number): boolean {
  return ahead <= capacity && ahead % RECORD_ALIGN === 0 && head % HEADER_BYTES === 0
}
