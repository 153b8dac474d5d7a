/**
 * Memory that its owner keeps still for as long as somebody uses it: at first who was given it to
 * send. When nobody does any more, it is released.
 */
export class HeldMemory {
  #users = 1
  readonly #release: () => void

  constructor(release: () => void) {
    this.#release = release
  }

  use(): void {
    this.#users++
  }

  letGo(): void {
    if (--this.#users === 0) this.#release()
  }
}
