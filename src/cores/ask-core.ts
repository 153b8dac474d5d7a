import type { SharedRegion } from '../shm/shared-region.ts'

/** What a core is asked for by an odd number, and by an even one. */
export const RUN = 1
export const PARK = 0
/** Twice this, and one, fits 32 bits. */
const ASKED_MAX = 2 ** 31

/**
 * Asks a core to begin anew or to park, whatever it is at. It looks when it is rung for: that is the
 * caller's to do.
 */
export function askCore(region: SharedRegion, index: number, what: typeof RUN | typeof PARK): void {
  const control = region.shared.control[index]
  if (control === undefined) return
  const before = control.run
  let run = before
  // One that was not there before, so that the core sees that it is asked.
  while (run === before) run = 2 * Math.ceil(Math.random() * (ASKED_MAX - 1)) + what
  // Release: what this side did before.
  control.run = run
}
