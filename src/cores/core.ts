import type { EventEmitter } from 'node:events'
import type { QemuBoard } from './qemu-board.ts'

/** How the process that runs a core ended. */
export interface CoreExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to stderr. */
  readonly stderr: string
}

export interface CoreEvents {
  /** The core rings: it has records, or room, or its status has changed. */
  bell: []
  /** The process that runs it has ended. The last event. */
  exit: [exit: CoreExit]
}

/** A core that was started, whatever runs it. What it says is in the shared region. */
export interface Core extends EventEmitter<CoreEvents> {
  readonly kind: 'hosted' | QemuBoard['kind']
  /** Of the process that runs it, perhaps others too. */
  readonly pid: number
  /** Rings the core's doorbell. */
  ring(): void
  /**
   * Waits for the process to end by itself, and kills it where it has not in time.
   *
   * @param timeoutMs how long to wait, in milliseconds.
   * @returns whether it ended by itself.
   */
  ended(timeoutMs: number): Promise<boolean>
  /** Ends the process at once, and with it every core that it runs. `exit` follows. */
  kill(): void
}
