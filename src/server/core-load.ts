/** Readings that the load is taken over: a second, at ten readings a second. */
const READINGS = 10

/** How busy a core was over the last readings, from its counters of microseconds. */
export class CoreLoad {
  /** The share of the time that the core worked, 0 to 1. */
  share = 0
  readonly #readings: { readonly uptimeUs: number; readonly busyUs: number }[] = []

  #boot = 0

  /** Takes a reading. Another boot of the core counts from 0 again. */
  read(boot: number, uptimeUs: number, busyUs: number): void {
    if (boot !== this.#boot) {
      this.#readings.length = 0
      this.share = 0
    }
    this.#boot = boot
    this.#readings.push({ uptimeUs, busyUs })
    if (this.#readings.length > READINGS + 1) this.#readings.shift()
    const oldest = this.#readings[0] ?? { uptimeUs, busyUs }
    // The counters run freely and wrap at 2^32.
    const elapsed = (uptimeUs - oldest.uptimeUs) >>> 0
    const busy = (busyUs - oldest.busyUs) >>> 0
    // One that is at a long block has not counted it yet: until then it is as busy as it was.
    if (elapsed > 0) this.share = Math.min(busy / elapsed, 1)
  }
}
