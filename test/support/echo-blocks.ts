import { LIMITS } from '../../src/shm/shared-mem.ts'
import { openStream, passBlock } from './core-streams.ts'
import { SLEEPY_HEARTBEAT_MS } from './firmware-tool.ts'
import type { LinkedCore } from './linked-core.ts'

const FRAMES = 512

/** Noise that is the same in each run: the bits of floats of every size, NaNs among them. */
export function noiseBytes(seed: number, bytes: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

/**
 * How long a block may take, in milliseconds. One that a sleepy core (`buildSleepyImage`) was not rung
 * for, or did not hear, waits until it wakes by itself, which is much longer.
 */
const BLOCK_MS_MAX = SLEEPY_HEARTBEAT_MS / 2

/** Opens a stream and passes blocks through it. Returns how many came back in time as they were. */
export async function echoBlocks(linked: LinkedCore, count: number): Promise<number> {
  return (await openStream(linked)) ? echoTimes(linked, count) : 0
}

/**
 * Passes blocks through the stream on slot 0, up to the first that takes too long. Returns how many
 * came back in time as they were.
 */
export function echoTimes(linked: LinkedCore, count: number): Promise<number> {
  return echoWithin(linked, count, BLOCK_MS_MAX)
}

/** Passes blocks through the stream on slot 0, however long that takes. Whether all came back so. */
export async function echoAll(linked: LinkedCore, count: number): Promise<boolean> {
  return (await echoWithin(linked, count, Number.POSITIVE_INFINITY)) === count
}

async function echoWithin(linked: LinkedCore, count: number, blockMsMax: number): Promise<number> {
  let right = 0
  for (let sequence = 0; sequence < count; sequence++) {
    const block = noiseBytes(sequence * LIMITS.CORES_MAX + linked.link.core, 4 * FRAMES)
    const sentMs = performance.now()
    const back = await passBlock(linked, sequence, block)
    if (performance.now() - sentMs > blockMsMax) break
    if (back !== undefined && Buffer.compare(back, block) === 0) right++
  }
  return right
}
