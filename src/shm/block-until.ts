import { checkInteger } from '../arguments.ts'

/** How long a blocking call may take. */
export interface BlockOptions {
  /**
   * Milliseconds, an integer from 0 (looks once) to 60 000. There is no default: nothing else runs
   * on this thread meanwhile, no timer and no socket.
   */
  readonly timeoutMs: number
}

/** After a minute without an answer a server counts as dead for everybody who watches it. */
export const BLOCK_TIMEOUT_MS_MAX = 60_000

/** Looks before the first nap: a few microseconds, in which an active other side answers. */
const SPINS = 1000

/** Between looks afterwards, so that the other side gets the core if it needs this one. */
const NAP_MS = 1

/** Nobody wakes who naps on it: queues have no bell. */
const napping = new Int32Array(new SharedArrayBuffer(4))

/**
 * Tries until `attempt` returns something, in this thread.
 *
 * @returns what it returned; undefined where the time was over first.
 * @throws {ArgumentError} where `timeoutMs` is out of range; whatever `attempt` throws.
 */
export function blockUntil<T>(
  attempt: () => T | undefined,
  { timeoutMs }: BlockOptions,
): T | undefined {
  checkInteger('timeoutMs', timeoutMs, 0, BLOCK_TIMEOUT_MS_MAX)
  const end = performance.now() + timeoutMs
  for (let looks = 1; ; looks++) {
    const result = attempt()
    if (result !== undefined) return result
    const leftMs = end - performance.now()
    if (leftMs <= 0) return undefined
    if (looks >= SPINS) Atomics.wait(napping, 0, 0, Math.min(NAP_MS, leftMs))
  }
}
