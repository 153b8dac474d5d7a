import { LIMITS } from '../shm/shared-mem.ts'
import type { CoreStream } from './core-stream.ts'

/** The slots of a core, and the streams among them that wait for room on its ring. */
export class CoreSlots {
  readonly #streams = new Map<number, CoreStream>()
  readonly #waiting = new Set<CoreStream>()

  /** Slots that are taken. */
  get size(): number {
    return this.#streams.size
  }

  get(slot: number): CoreStream | undefined {
    return this.#streams.get(slot)
  }

  /** How long ago each of them was taken, in milliseconds. */
  agesMs(): number[] {
    const nowMs = performance.now()
    return Array.from(this.#streams.values(), ({ openedAtMs }) => nowMs - openedAtMs)
  }

  /** The lowest free slot, or -1 where all are taken. */
  findFree(): number {
    for (let slot = 0; slot < LIMITS.STREAMS_MAX; slot++) {
      if (!this.#streams.has(slot)) return slot
    }
    return -1
  }

  take(stream: CoreStream): void {
    this.#streams.set(stream.slot, stream)
  }

  free(stream: CoreStream): void {
    this.#streams.delete(stream.slot)
    this.#waiting.delete(stream)
  }

  /** Frees all slots and returns who had them. */
  clear(): CoreStream[] {
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    this.#waiting.clear()
    return streams
  }

  /** A stream has found no room. */
  addWaiting(stream: CoreStream): void {
    this.#waiting.add(stream)
  }

  /** There is room: lets those that wait try, in turn, until one finds none and goes to the end. */
  flush(): void {
    for (const stream of [...this.#waiting]) {
      this.#waiting.delete(stream)
      if (!stream.flush()) return
    }
  }
}
