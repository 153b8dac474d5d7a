import { LIMITS } from '../../src/shm/shared-mem.ts'
import { openStream, passBlock } from './core-streams.ts'
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
 * A core that misses every bell wakes by itself each 25 ms: it does not pass a hundred blocks in half
 * of that time. What QEMU has not run yet it translates first, which takes it half a second at most.
 */
const BLOCK_MS_MAX = 12
const TRANSLATION_MS_MAX = 500

/** Opens a stream and passes blocks through it. Returns how many came back in time as they were. */
export async function echoBlocks(linked: LinkedCore, count: number): Promise<number> {
  return (await openStream(linked)) ? echoTimes(linked, count) : 0
}

/** Passes blocks through the stream on slot 0. Returns how many came back in time as they were. */
export function echoTimes(linked: LinkedCore, count: number): Promise<number> {
  return echoUntil(linked, count, performance.now() + TRANSLATION_MS_MAX + count * BLOCK_MS_MAX)
}

/** Passes blocks through the stream on slot 0, however long that takes. Whether all came back so. */
export async function echoAll(linked: LinkedCore, count: number): Promise<boolean> {
  return (await echoUntil(linked, count, Number.POSITIVE_INFINITY)) === count
}

async function echoUntil(linked: LinkedCore, count: number, endMs: number): Promise<number> {
  let right = 0
  for (let sequence = 0; sequence < count && performance.now() < endMs; sequence++) {
    const block = noiseBytes(sequence * LIMITS.CORES_MAX + linked.link.core, 4 * FRAMES)
    const back = await passBlock(linked, sequence, block)
    if (back !== undefined && Buffer.compare(back, block) === 0) right++
  }
  return right
}
