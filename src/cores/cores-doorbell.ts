import type { BellEnd } from './bell-end.ts'

/** A doorbell that several cores share: a bit of a bell for each. */
export class CoresDoorbell {
  readonly #end: BellEnd

  /**
   * @param open makes the end that is told what to call for the bits that rang.
   * @param onBell is called for each core that has rung, soon after.
   */
  constructor(open: (onBells: (bits: number) => void) => BellEnd, onBell: (core: number) => void) {
    this.#end = open((cores) => {
      for (let core = 0; cores >> core !== 0; core++) if ((cores >> core) & 1) onBell(core)
    })
  }

  /** Wakes a core. Does not block, and does not fail. */
  ring(core: number): void {
    this.#end.ring(1 << core)
  }

  /** Hears and rings nothing more. Harmless the second time. */
  close(): void {
    this.#end.close()
  }
}
