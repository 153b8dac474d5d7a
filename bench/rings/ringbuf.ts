import { createRequire } from 'node:module'

/** What is used of the package `ringbuf.js`. */
interface RingBuffer {
  /** @returns how many elements there was room for, or how many there were. */
  push(elements: Int32Array, length: number, offset?: number): number
  pop(elements: Int32Array, length: number, offset?: number): number
}

interface RingBufferClass {
  getStorageForCapacity(elements: number, type: Int32ArrayConstructor): SharedArrayBuffer
  new (storage: SharedArrayBuffer, type: Int32ArrayConstructor): RingBuffer
}

/** What to say where it is not installed: it is only needed here. */
export const RINGBUF_MISSING =
  'the peer "ringbuf.js" is left out: the package ringbuf.js is missing; to install: npm run setup'

export function hasRingbuf(): boolean {
  try {
    createRequire(import.meta.url).resolve('ringbuf.js')
    return true
  } catch {
    return false
  }
}

/** Loaded so, because the compiler must not need it. */
export function loadRingbuf(): RingBufferClass {
  const { RingBuffer } = createRequire(import.meta.url)('ringbuf.js') as {
    readonly RingBuffer: RingBufferClass
  }
  return RingBuffer
}
