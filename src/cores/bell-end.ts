/**
 * This process's end of a connected socket over which machine and host ring: the bits of a byte say
 * for whom. It is read whatever comes, because an emulated machine stands still while what it writes
 * is not read.
 *
 * Whoever makes one gives it `onBells`, which is called with the bits of all that rang, soon after.
 */
export interface BellEnd {
  /** Rings. Does not block, and does not fail: a machine that is gone is noticed otherwise. */
  ring(bits: number): void
  /** Hears and rings nothing more. Harmless the second time. */
  close(): void
}
