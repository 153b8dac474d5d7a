import type { FullMessageInfo } from './framing-strategy.ts'
import { FIRST_ALLOCATION_BYTES } from './limits.ts'

/**
 * Puts the bytes of `chunk` from `start` to `end` behind those that `info` has.
 *
 * Memory follows what has arrived, for the size of a message is only a promise: it starts at a page
 * and doubles, up to `messageBytesMax`. A client that announces 1 MiB and sends nothing costs
 * nothing, and one that stops half-way holds at most twice what it sent. Moving the bytes at every
 * doubling adds up to less than one more copy of the message, a tenth of a millisecond for 1 MiB;
 * allocating at once would let 10,000 connections of five bytes each claim 10 GiB.
 *
 * @param messageBytesMax what `buffer` is never longer than: the message's size where that is
 *   known, so that a complete message fills its buffer exactly.
 */
export function appendBytes(
  info: FullMessageInfo,
  chunk: Buffer,
  start: number,
  end: number,
  messageBytesMax: number,
): void {
  const filledBytes = info.filledBytes + end - start
  if (info.buffer.length < filledBytes) {
    const room = Math.max(FIRST_ALLOCATION_BYTES, 2 * filledBytes)
    const larger = Buffer.allocUnsafe(Math.min(messageBytesMax, room))
    info.buffer.copy(larger, 0, 0, info.filledBytes)
    info.buffer = larger
  }
  chunk.copy(info.buffer, info.filledBytes, start, end)
  info.filledBytes = filledBytes
}

/**
 * Completes a message that `appendBytes` put together: it is the first `messageBytes` of what there
 * is. An owner gets no more memory than the message needs.
 */
export function completePieces(info: FullMessageInfo, messageBytes: number): void {
  const message = info.buffer.subarray(0, messageBytes)
  const isToBeCopied = !info.borrowed && messageBytes < info.buffer.length
  info.buffer = isToBeCopied ? Buffer.from(message) : message
  info.complete = true
}
