/**
 * The messages, and the stream of bytes, of the tests of the queues: each follows from its sequence,
 * so that the reader can tell whether it is whole. `firmware/test/queue_peer.c` has the same.
 */

/** The message with this sequence, of at most `lengthMax` bytes. */
export function messageOf(sequence: number, lengthMax: number): Uint8Array {
  const hash = hashOf(sequence)
  const first = hash >>> 24
  return Uint8Array.from({ length: (hash >>> 8) % (lengthMax + 1) }, (_, index) => first + index)
}

/** Of a stream of bytes those from `start` on, at most to `end`: as many as the hash says. */
export function pieceOf(start: number, end: number, lengthMax: number): Uint8Array {
  const length = Math.min(((hashOf(start) >>> 8) % (lengthMax + 1)) + 1, end - start)
  return Uint8Array.from({ length }, (_, index) => hashOf(start + index) >>> 24)
}

function hashOf(sequence: number): number {
  return Math.imul(sequence + 1, 2654435761) >>> 0
}
