import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'

/** The type of a message's record, and of one that answers a message which was not right. */
export const MESSAGE = 1
export const WRONG = 2

const SHORT_BYTES_MAX = 512
/** Of a message. */
export const LONG_BYTES_MAX = 8192

export type Direction = 'to-core' | 'from-core'

/**
 * What a message is follows from its sequence, the core and the direction, here and in
 * firmware/test/soak_command.c.
 */
export function hashOf(core: number, direction: Direction, sequence: number): number {
  const place = (sequence << 3) | (core << 1) | (direction === 'to-core' ? 0 : 1)
  return Math.imul(place + 1, 2654435761) >>> 0
}

/** One in sixteen is up to 8 KiB, the others are up to 512 bytes. */
function lengthOf(hash: number): number {
  const bits = hash >>> 8
  const most = bits % 16 === 0 ? LONG_BYTES_MAX : SHORT_BYTES_MAX
  return (bits >>> 4) % (most + 1)
}

/** Writes the payload of a message to the start of `words`, and returns its bytes. */
export function fillMessage(words: Int32Array, hash: number): Uint8Array {
  const length = lengthOf(hash)
  const wholeWords = length >>> 2
  for (let word = 0; word < wholeWords; word++) words[word] = hash + word
  const bytes = new Uint8Array(words.buffer, words.byteOffset, length)
  bytes.fill(hash & 0xff, wholeWords * 4)
  return bytes
}

/** What is wrong with a record that is to be the message of that hash and sequence, or nothing. */
export function wrongWith(
  { type, sequence: itsSequence, stream, length, offset }: RingRecord,
  { words, bytes }: { readonly words: Int32Array; readonly bytes: Uint8Array },
  { hash, sequence }: { readonly hash: number; readonly sequence: number },
): string | undefined {
  if (type === WRONG) return `what it answers came damaged, or not in its turn`
  if (type !== MESSAGE) return `it is of type ${type}`
  if (itsSequence !== sequence || stream !== hash) return `it has the sequence ${itsSequence}`
  if (length !== lengthOf(hash)) return `it has ${length} bytes, not ${lengthOf(hash)}`
  const wholeWords = length >>> 2
  let difference = 0
  for (let word = 0; word < wholeWords; word++) {
    difference |= (words[offset / 4 + word] ?? 0) ^ ((hash + word) | 0)
  }
  for (let byte = wholeWords * 4; byte < length; byte++) {
    difference |= (bytes[offset + byte] ?? 0) ^ (hash & 0xff)
  }
  return difference === 0 ? undefined : 'its payload is another one'
}
