import { VIEW_CACHE_ENTRIES, VIEW_CACHE_TAKEOVER_MISSES } from './limits.ts'

/** Shorter views count as so long: messages begin so far apart, wherever they matter for speed. */
const LEAST_BYTES = 4
/** So many entries apart begin those of twice the length: a turn seldom needs more of one length. */
const LENGTH_STEP_LOG2 = 10
const NO_OFFSET = -1

/**
 * Views of a piece of memory that is read into again and again, an arena: the same place and length
 * give the same Buffer object, for which making one costs several times as much as finding it.
 *
 * A view is only good while the bytes under it are, so the cache is for borrowed messages and
 * belongs to whoever owns the arena. It is direct-mapped. Messages of one length lie at least that far
 * apart, so the place is counted in lengths, cut to a power of two: the entries that a turn needs lie
 * side by side, which the processor's first cache has room for. Memory that is read into once is not cached, so that chunks with a memory of
 * their own cost nothing here. One memory is kept alive, that of the last call: asked about another,
 * the cache forgets all that it has.
 */
export class ViewCache {
  /** The last chunk. What a Buffer lies in is slow to ask for, so that is done once a chunk. */
  #chunk: Buffer | undefined
  #chunkOffset = 0
  #memory: ArrayBufferLike | undefined
  /** Where a view would have to begin if the memory were still in its first use. */
  #firstUseOffset = 0
  #isUsedAgain = false
  #missesOnTaken = 0
  /**
   * By entry, offset and length: beside the views, for which looking into each of them would cost
   * more than making it, and together, so that a look is at one cache line.
   */
  readonly #places = new Int32Array(2 * VIEW_CACHE_ENTRIES).fill(NO_OFFSET)
  readonly #views: (Buffer | undefined)[] = new Array(VIEW_CACHE_ENTRIES).fill(undefined)

  /** `chunk.subarray(start, end)`, made now or earlier. */
  view(chunk: Buffer, start: number, end: number): Buffer {
    if (chunk !== this.#chunk) this.#turnTo(chunk)
    const offset = this.#chunkOffset + start
    const lengthLog2 = 31 - Math.clz32((end - start) | LEAST_BYTES)
    const place = (offset >>> lengthLog2) + (lengthLog2 << LENGTH_STEP_LOG2)
    const entry = place & (VIEW_CACHE_ENTRIES - 1)
    const places = this.#places
    if (places[2 * entry] === offset && places[2 * entry + 1] === end - start) {
      return this.#views[entry] as Buffer
    }
    return this.#make(chunk, start, end, offset, entry)
  }

  #make(chunk: Buffer, start: number, end: number, offset: number, entry: number): Buffer {
    const view = chunk.subarray(start, end)
    if (this.#isToBeKept(offset, end - start, entry)) {
      this.#places[2 * entry] = offset
      this.#places[2 * entry + 1] = end - start
      this.#views[entry] = view
    }
    return view
  }

  /** Lets go of the memory and of all views of it. */
  clear(): void {
    this.#chunk = undefined
    this.#memory = undefined
    this.#firstUseOffset = 0
    if (!this.#isUsedAgain) return
    this.#isUsedAgain = false
    this.#places.fill(NO_OFFSET)
    this.#views.fill(undefined)
  }

  #turnTo(chunk: Buffer): void {
    if (chunk.buffer !== this.#memory) {
      this.clear()
      this.#memory = chunk.buffer
    }
    this.#chunk = chunk
    this.#chunkOffset = chunk.byteOffset
  }

  #isToBeKept(offset: number, length: number, entry: number): boolean {
    if (!this.#isUsedAgain) {
      this.#isUsedAgain = offset < this.#firstUseOffset
      this.#firstUseOffset = offset + length
      return this.#isUsedAgain
    }
    if (this.#places[2 * entry] === NO_OFFSET) return true
    // Where more views take turns than there are entries, all would miss if each took over at once.
    this.#missesOnTaken = (this.#missesOnTaken + 1) % VIEW_CACHE_TAKEOVER_MISSES
    return this.#missesOnTaken === 0
  }
}
