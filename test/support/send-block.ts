import type { CoreStream } from '../../src/server/core-stream.ts'

/** Sends a block, at once or once there is room. Returns whether there was. */
export function sendBlock(stream: CoreStream, sequence: number, data: Uint8Array): boolean {
  const hasRoom = stream.offer(sequence, data, 0, data.length)
  if (!hasRoom) stream.queue(sequence, data)
  return hasRoom
}
