import type { EventEmitter } from 'node:events'
import type { CoreKind } from './core-kind.ts'

/** How a core ended, or the process that runs it. */
export interface CoreExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to stderr, or why it was ended. */
  readonly stderr: string
}

export interface CoreEvents {
  /** The core rings: it has records, or room, or its status has changed. */
  bell: []
  /** The core has ended: it has stopped, was killed, or its process has ended. The last event. */
  exit: [exit: CoreExit]
}

/**
 * A core that was started, whatever runs it: from its start to its end. What it says is in the shared
 * region.
 */
export interface Core extends EventEmitter<CoreEvents> {
  readonly kind: CoreKind
  /** Of the process that runs it, perhaps others too; undefined where none of this machine does. */
  readonly pid: number | undefined
  /** Rings the core's doorbell. */
  ring(): void
  /**
   * Waits for the core to end by itself, and kills it where it has not in time.
   *
   * @param timeoutMs how long to wait, in milliseconds.
   * @returns whether it ended by itself.
   */
  ended(timeoutMs: number): Promise<boolean>
  /**
   * Ends the core, and no other. `exit` follows. Where others share its machine, one that hangs with
   * its interrupts masked goes on hanging until it is started again.
   */
  kill(): void
}
