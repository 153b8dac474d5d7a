import type { ExecutionContext } from 'ava'

/** What starts processes ends them in the end: AVA's `t`, or a soak's runner. */
export type Teardown = Pick<ExecutionContext, 'teardown'>

/** How much of it. */
export interface SoakSize {
  readonly durationMs: number
  /** Clients at a time. */
  readonly clients: number
  /** Messages each way, for one that goes on until they are through. */
  readonly messages: number
  /** For one that runs a machine: which. Default: its own. */
  readonly board?: string
}

export interface SoakRun extends Teardown, SoakSize {
  /** Tells how it goes, in place of what was told before. */
  progress(text: string): void
  /** Tells what stays, in a line of its own. */
  tell(text: string): void
}

/** What each file in test/soak/ exports. */
export interface Soak {
  /** One sentence, for the list. */
  readonly summary: string
  /** How many messages go each way where nobody says. Default: it goes on for a time, not for messages. */
  readonly usualMessages?: number
  /** Rejects where something is wrong. */
  soak(run: SoakRun): Promise<void>
}

/** How long a client waits: hundreds of them on a machine that does much else are slow, not wrong. */
export const PATIENCE = { timeoutMs: 60_000, requestTimeoutMs: 60_000 }

/** Numbers of 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** An integer of `least` to `most`. */
export function integerFrom(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}
