import { ArgumentError } from '../errors.ts'

const devices = new WeakSet<ArrayBufferLike>()

/** For memory that is mapped as a device's: see `Memory.isDevice`. */
export function markDevice(memory: ArrayBufferLike): void {
  devices.add(memory)
}

/**
 * To be asked by whatever copies bytes as they lie, or reads and writes a word at once: on a real core the
 * first such access would end the process.
 *
 * @param what it is: "a queue".
 * @throws {ArgumentError} where the memory is a device's.
 */
export function refuseDevice(memory: Uint8Array, what: string): void {
  if (!devices.has(memory.buffer)) return
  throw new ArgumentError(
    `${what} cannot be in a device's memory, which takes aligned loads and stores only; a SpscRing can`,
  )
}
