/**
 * One end's half of the protocol that lets the other sleep. A side that is about to sleep stores a
 * number that it has not used before in its waiting flag, then looks once more; the other side
 * rings the doorbell when it finds a flag that it has not answered yet. So one sleep costs at most
 * one bell, and neither writes the other's flag.
 *
 * Atomics know one memory order only, the sequentially consistent one. The comments say which is
 * needed, as the C side asks for it. Neither order keeps a store before a later load of another word
 * on every machine: that is what the fences are for.
 */
export class WaitingFlag {
  readonly #words: Int32Array
  readonly #own: number
  readonly #other: number
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))
  #ticket: number
  #answered = 0

  /**
   * @param own index of this side's flag in `words`; `other` is that of the other side's. The same
   *   for an end that only sleeps or only rings.
   * @param ticket the last number that was stored in this side's flag. Default 0: none was.
   */
  constructor(words: Int32Array, own: number, other: number, ticket = 0) {
    this.#words = words
    this.#own = own
    this.#other = other
    this.#ticket = ticket
  }

  /** Only while the other side does not use the ring. */
  reset(): void {
    this.#answered = 0
    // Relaxed: the link that follows publishes it.
    Atomics.store(this.#words, this.#own, 0)
  }

  /** The number that the next `raise` stores, as a signed one. Never 0. */
  get next(): number {
    return (this.#ticket + 1) | 0 || 1
  }

  /** Announces a sleep. Look once more before it. */
  raise(): void {
    this.#ticket = this.next
    // Relaxed: the fence orders it before the second look.
    Atomics.store(this.#words, this.#own, this.#ticket)
    // Full fence between the flag and the second look. An add to private memory, because the
    // shared memory may be of a kind that has no read-modify-write.
    Atomics.add(this.#fence, 0, 1)
  }

  /** Takes the announcement back. */
  lower(): void {
    // Relaxed, both: only this side stores it, and who still sees it raised rings once too often.
    if (Atomics.load(this.#words, this.#own) !== 0) Atomics.store(this.#words, this.#own, 0)
  }

  /** Whether the other side sleeps and has not been rung for. */
  answer(): boolean {
    // Full fence between what was just stored (a tail, a head) and the other's flag.
    Atomics.add(this.#fence, 0, 1)
    // Relaxed: the fence orders it, and nothing is read on the strength of it.
    const waiting = Atomics.load(this.#words, this.#other)
    if (waiting === 0 || waiting === this.#answered) return false
    this.#answered = waiting
    return true
  }
}
