import { copyIntoWords } from '../copy-bytes.ts'
import type { Memory } from './struct-view.ts'

const WORD_BYTES = 4

/**
 * Copies out of a memory. From a device's, by aligned words and nothing else: what copies bytes fast
 * reads across them, which such memory does not take.
 *
 * @param at in bytes: of a device's memory a multiple of 4, and there are whole words up to the end.
 */
export function copyOut({ bytes, words, isDevice }: Memory, at: number, target: Uint8Array): void {
  if (!isDevice) {
    target.set(bytes.subarray(at, at + target.length))
    return
  }
  const first = at / WORD_BYTES
  for (let byte = 0; byte < target.length; byte += WORD_BYTES) {
    const word = words[first + byte / WORD_BYTES] ?? 0
    target[byte] = word
    // What is beyond the end of the target is nobody's.
    target[byte + 1] = word >>> 8
    target[byte + 2] = word >>> 16
    target[byte + 3] = word >>> 24
  }
}

/**
 * Copies the bytes from `start` to `end` of `source` into a memory. Into a device's by aligned words,
 * the last of which is filled up with zeros.
 *
 * @param at in bytes: of a device's memory a multiple of 4.
 */
export function copyIn(
  memory: Memory,
  at: number,
  source: Uint8Array,
  start = 0,
  end: number = source.length,
): void {
  const { bytes, words } = memory
  if (memory.isDevice) copyWordsIn(words, at / WORD_BYTES, source, start, end)
  else if (at % WORD_BYTES === 0) copyIntoWords(bytes, words, at, source, start, end)
  else bytes.set(source.subarray(start, end), at)
}

function copyWordsIn(
  words: Int32Array,
  first: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  let word = first
  const byteAt = (byte: number) => (byte < end ? (source[byte] ?? 0) : 0)
  for (let byte = start; byte < end; byte += WORD_BYTES) {
    words[word++] =
      byteAt(byte) | (byteAt(byte + 1) << 8) | (byteAt(byte + 2) << 16) | (byteAt(byte + 3) << 24)
  }
}

/** A copy of `bytes` bytes of a memory, from `at` on. */
export function copyOfPart(memory: Memory, at: number, bytes: number): Uint8Array {
  const part = new Uint8Array(bytes)
  copyOut(memory, at, part)
  return part
}
