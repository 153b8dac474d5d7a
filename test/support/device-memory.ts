import { type Memory, memoryOver } from '../../src/shm/struct-view.ts'

const ELSEWHERE = 0xee

/**
 * A device's memory that is touched by its words and by nothing else: its bytes are not those that the
 * words are of, and {@link isUntouched} tells who reads or writes them.
 */
export function deviceMemory(bytes: number): Memory {
  const real = memoryOver(new Uint8Array(bytes), true)
  const elsewhere = new Uint8Array(bytes).fill(ELSEWHERE)
  return { ...real, bytes: elsewhere, data: new DataView(elsewhere.buffer) }
}

/** Whether nothing was written to it but by words. What is read in another way is not what was written. */
export function isUntouched({ bytes }: Memory): boolean {
  return bytes.every((one) => one === ELSEWHERE)
}
