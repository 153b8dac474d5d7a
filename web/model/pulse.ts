/** A core beats many times a second: one that does not for this long has stopped. */
const STILL_AFTER_S = 1.5

/** Whether a heartbeat's counter moves. */
export class Pulse {
  #count: number | undefined
  #changedAtS = 0

  /** A reading of the counter at a time of the server's clock. Answers whether it beats. */
  push(count: number, atS: number): boolean {
    if (count !== this.#count || atS < this.#changedAtS) {
      this.#count = count
      this.#changedAtS = atS
    }
    return atS - this.#changedAtS < STILL_AFTER_S
  }
}
