import { RECEIVE_READS_MAX, RECEIVE_STALE_TURNS } from './limits.ts'
import type { Poller } from './native-addon.ts'
import { throwLater } from './throw-later.ts'

const WORDS = 3
export const NO_BUFFER = -1

/** What a connection has for its receive buffer, and what it hears of it. */
export interface Receiver {
  readonly slot: number
  /** The pool's own. `NO_BUFFER` where it has none. */
  receiveBuffer: number
  /** What it kept had to make room: this is a copy of it, and it does not come with the next read. */
  onUnkept(kept: Buffer): void
}

/** One buffer. */
interface Place {
  readonly start: number
  owner: Receiver | undefined
  /** Reads since something was kept last. */
  wholeReads: number
  /** The turn of the last read. */
  turn: number
}

/**
 * Memory in which what cannot be handled yet stays where it was read, the beginning of a large frame or
 * what a pause left, so that the next read of its connection goes behind it: a fixed number of buffers
 * in the arena's memory, each of one connection at a time, for as long as that has use for it and nobody
 * else more.
 *
 * What is sent from there in a turn lies there until the turn's end. So a buffer that is given back
 * has its next owner in the next turn, and only the poller moves what is kept, before it reads.
 */
export class ReceiveBuffers {
  /** Most that is kept, with what is missing of it. */
  readonly bytesMax: number
  /** How often something was kept. */
  keptParts = 0
  /** How often something was to be, and there was no buffer. */
  unkeptParts = 0
  readonly #poller: Poller
  readonly #words: Int32Array
  readonly #arena: Buffer
  readonly #memory: ArrayBufferLike
  readonly #places: Place[] = []
  readonly #free: number[] = []
  /** Given back in this turn. */
  readonly #resting: number[] = []
  /** How many connections found none in this turn. */
  #wanted = 0
  #turn = 0

  constructor(
    poller: Poller,
    arena: Buffer,
    limits: {
      readonly arenaBytes: number
      readonly receiveBuffers: number
      readonly receiveBufferBytes: number
    },
  ) {
    this.#poller = poller
    this.#words = poller.receives
    this.#arena = arena
    this.#memory = arena.buffer
    this.bytesMax = limits.receiveBufferBytes
    for (let index = limits.receiveBuffers - 1; index >= 0; index--) {
      const start = limits.arenaBytes + index * limits.receiveBufferBytes
      this.#places[index] = { start, owner: undefined, wholeReads: 0, turn: 0 }
      this.#free.push(index)
    }
  }

  /** How many have an owner. */
  get usedCount(): number {
    return this.#places.length - this.#free.length - this.#resting.length
  }

  /**
   * Keeps `bytes`: `take` says of the next read that they are in front of it.
   *
   * @param bytes the end of what was read of the connection, at least one byte.
   * @param missing how many follow before they can be handled; 0 where nothing is read before that.
   * @returns false where that is not possible, for want of a buffer or of room for both in one.
   */
  keep(owner: Receiver, bytes: Buffer, missing: number): boolean {
    const { length } = bytes
    if (length + missing > this.bytesMax || bytes.buffer !== this.#memory) return false
    if (owner.receiveBuffer === NO_BUFFER && !this.#give(owner)) return false
    const { start } = this.#places[owner.receiveBuffer] as Place
    let from = bytes.byteOffset - this.#arena.byteOffset
    if (from < start || from + length > start + this.bytesMax) {
      bytes.copy(this.#arena, start)
      from = start
    }
    this.#setKept(owner.receiveBuffer, from, from + length, missing)
    this.keptParts++
    return true
  }

  /**
   * Of a connection with a buffer: how many bytes in front of what was read now were kept. From here on
   * nothing is, unless `keep` is called.
   */
  take(owner: Receiver): number {
    const index = owner.receiveBuffer
    const bytes = this.#keptBytes(index)
    if (bytes > 0) this.#setKept(index, 0, 0, 0)
    return bytes
  }

  /** What was read into the owner's buffer is handled, whether or not a part of it is kept. */
  noteRead(owner: Receiver): void {
    const index = owner.receiveBuffer
    if (index === NO_BUFFER) return
    const place = this.#places[index] as Place
    place.turn = this.#turn
    if (this.#keptBytes(index) > 0) place.wholeReads = 0
    else if (++place.wholeReads >= RECEIVE_READS_MAX) this.release(owner)
  }

  /** Where in the arena what is kept begins. */
  keptFrom(owner: Receiver): number {
    return this.#words[owner.receiveBuffer * WORDS] as number
  }

  /** Takes the buffer back, with what is kept there. Harmless where there is none. */
  release(owner: Receiver): void {
    const index = owner.receiveBuffer
    if (index === NO_BUFFER) return
    this.#detach(index)
    this.#resting.push(index)
  }

  /** Everything that was told is handled, and what was sent from here is sent, or copied. */
  endTurn(): void {
    this.#turn++
    if (this.#resting.length > 0 || this.#wanted > 0) this.#settle()
  }

  #settle(): void {
    for (const index of this.#resting) this.#free.push(index)
    this.#resting.length = 0
    const wanted = this.#wanted
    this.#wanted = 0
    while (this.#free.length < wanted) {
      const index =
        this.#oldest((empty) => this.#keptBytes(empty) === 0) ??
        this.#oldest((_stale, turn) => this.#turn - turn > RECEIVE_STALE_TURNS)
      if (index === undefined) return
      const owner = (this.#places[index] as Place).owner as Receiver
      const from = this.keptFrom(owner)
      const kept = Buffer.from(this.#arena.subarray(from, from + this.take(owner)))
      this.#detach(index)
      this.#free.push(index)
      if (kept.length > 0) unkeep(owner, kept)
    }
  }

  /** Of those that `isEligible`, the one that was not read into for longest. */
  #oldest(isEligible: (index: number, turn: number) => boolean): number | undefined {
    let oldest: number | undefined
    let oldestTurn = Number.POSITIVE_INFINITY
    for (const [index, { owner, turn }] of this.#places.entries()) {
      if (owner === undefined || turn >= oldestTurn || !isEligible(index, turn)) continue
      oldest = index
      oldestTurn = turn
    }
    return oldest
  }

  /** False where no buffer is free. */
  #give(owner: Receiver): boolean {
    const index = this.#free.pop()
    if (index === undefined) {
      this.unkeptParts++
      this.#wanted++
      return false
    }
    const place = this.#places[index] as Place
    place.owner = owner
    place.wholeReads = 0
    place.turn = this.#turn
    owner.receiveBuffer = index
    this.#poller.setReceiveBuffer(owner.slot, index)
    return true
  }

  #detach(index: number): void {
    const place = this.#places[index] as Place
    const owner = place.owner as Receiver
    this.#setKept(index, 0, 0, 0)
    this.#poller.setReceiveBuffer(owner.slot, NO_BUFFER)
    owner.receiveBuffer = NO_BUFFER
    place.owner = undefined
  }

  #keptBytes(index: number): number {
    return (this.#words[index * WORDS + 1] as number) - (this.#words[index * WORDS] as number)
  }

  #setKept(index: number, from: number, to: number, missing: number): void {
    this.#words[index * WORDS] = from
    this.#words[index * WORDS + 1] = to
    this.#words[index * WORDS + 2] = missing
  }
}

function unkeep(owner: Receiver, kept: Buffer): void {
  try {
    owner.onUnkept(kept)
  } catch (error) {
    throwLater(error)
  }
}
