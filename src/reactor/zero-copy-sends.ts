import type { HeldMemory } from './held-memory.ts'
import type { Poller } from './native-addon.ts'

/**
 * What the kernel sends from where it lies. Each send that took something has a token until the
 * kernel has finished with it, also where its connection is gone by then.
 */
export class ZeroCopySends {
  readonly #poller: Poller
  /** By token. */
  readonly #held: (HeldMemory | undefined)[] = []
  readonly #freeTokens: number[] = []

  constructor(poller: Poller) {
    this.#poller = poller
  }

  /** As `Poller.writeZeroCopy`. `held` is used until the kernel has finished. */
  write(slot: number, chunk: Uint8Array, held: HeldMemory): number {
    const token = this.#freeTokens.pop() ?? this.#held.push(undefined) - 1
    const sent = this.#poller.writeZeroCopy(slot, chunk, token)
    if (sent > 0) {
      held.use()
      this.#held[token] = held
    } else {
      this.#freeTokens.push(token)
    }
    return sent
  }

  /** The kernel has finished with one. */
  finish(token: number): void {
    const held = this.#held[token]
    if (held === undefined) return
    this.#held[token] = undefined
    this.#freeTokens.push(token)
    held.letGo()
  }

  /** Nothing more will be heard of any. */
  abandon(): void {
    for (const token of this.#held.keys()) this.finish(token)
  }
}
