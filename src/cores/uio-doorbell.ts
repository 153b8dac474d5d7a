import { readSync, writeSync } from 'node:fs'
import { errorCode } from '../errors.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { Watch } from '../reactor/watches.ts'
import type { Doorbell } from './doorbell.ts'

/** What UIO reads and takes: a count of interrupts, and whether the next is wanted. */
const WORD_BYTES = 4

/**
 * An interrupt that a UIO device hands to user space (Linux, Documentation/driver-api/uio-howto):
 * the device is readable once for any number of interrupts, a read of four bytes says how many there
 * were, and writing 1 enables the next where the driver has disabled it.
 */
export class UioDoorbell implements Doorbell {
  readonly #fd: number
  readonly #ring: () => void
  readonly #onBell: () => void
  readonly #watch: Watch
  readonly #word = new Uint8Array(WORD_BYTES)
  /** Some drivers leave the interrupt enabled and take no word. */
  #mustEnable = true

  /**
   * @param fd the device, open for reading and writing. It stays the caller's, who closes it after
   *   this.
   * @param ring rings the core: a register of the board.
   * @param reactor watches it. Default: the thread's own.
   * @throws the system's error where it cannot be watched (`EPERM`…) or written to (`EBADF`, `EIO`…).
   */
  constructor(fd: number, ring: () => void, onBell: () => void, reactor: Reactor = Reactor.shared) {
    this.#fd = fd
    this.#ring = ring
    this.#onBell = onBell
    // First: where it fails, nothing is watched.
    this.#enable()
    this.#watch = reactor.watch(fd, { readable: true }, () => this.#onReady())
  }

  ring(): void {
    this.#ring()
  }

  close(): void {
    this.#watch.close()
  }

  #onReady(): void {
    if (!this.#take()) return
    // Before the look at the rings: what comes from here on is another interrupt.
    this.#enable()
    this.#onBell()
  }

  /** Whether there was an interrupt: somebody else may have opened the device with the same descriptor. */
  #take(): boolean {
    try {
      readSync(this.#fd, this.#word)
      return true
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return false
      throw error
    }
  }

  #enable(): void {
    if (!this.#mustEnable) return
    try {
      writeSync(this.#fd, Uint8Array.of(1, 0, 0, 0))
    } catch (error) {
      // ENOSYS: the driver has no such control.
      if (errorCode(error) !== 'ENOSYS') throw error
      this.#mustEnable = false
    }
  }
}
