/**
 * What wakes a core, and what it wakes this host with. A bell carries nothing: whoever hears it looks
 * at the rings. Several bells before the other comes to look may be one.
 *
 * Whoever makes one gives it `onBell`, which is called for what the core rings, soon after.
 */
export interface Doorbell {
  /** Wakes the core. Does not block, and does not fail: a core that is gone is noticed otherwise. */
  ring(): void
  /** Hears and rings nothing more. Harmless the second time. */
  close(): void
}
