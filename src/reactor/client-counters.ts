/** What went in and out, of one client or of all. */
export interface ClientCounters {
  /** Bytes received. */
  bytesIn: number
  /** Messages handed to `onClientMessage`. */
  messagesIn: number
  /** Bytes received that were not read as messages, because the connection was being closed. */
  discardedBytes: number
  /** Messages that the framing strategy skipped because of their size. */
  skippedMessages: number
  /** Bytes of these, without their headers. */
  skippedBytes: number
  /** Bytes accepted by `sendData` and `sendMessage`: sent or queued. */
  bytesOut: number
  /** Calls of these that were accepted. */
  messagesOut: number
  /** Of these, the ones of `sendZeroCopy`, however they were sent: `Reactor.stats` tells that. */
  zeroCopyMessages: number
  /** Bytes that were dropped: not accepted, or accepted and then dropped by `drop-oldest`. */
  droppedBytes: number
  /** Messages that were. */
  droppedMessages: number
  /** Of the dropped bytes, those that `drop-oldest` took out of the queue. */
  droppedOldestBytes: number
  /** Of the dropped messages, those that `drop-oldest` took out of the queue. */
  droppedOldestMessages: number
  /** Bytes accepted that were still queued when the connection broke or was reset. */
  unsentBytes: number
  /** How often it was not read from for the sake of a slow client. */
  sourcePauses: number
  /** Most bytes ever queued; of all clients, for the one that had most. */
  peakQueuedBytes: number
}

export function noCounts(): ClientCounters {
  return {
    bytesIn: 0,
    messagesIn: 0,
    discardedBytes: 0,
    skippedMessages: 0,
    skippedBytes: 0,
    bytesOut: 0,
    messagesOut: 0,
    zeroCopyMessages: 0,
    droppedBytes: 0,
    droppedMessages: 0,
    droppedOldestBytes: 0,
    droppedOldestMessages: 0,
    unsentBytes: 0,
    sourcePauses: 0,
    peakQueuedBytes: 0,
  }
}

/** Adds every count of `part` to `total`; of peaks, the higher one stays. */
export function addCounts(total: ClientCounters, part: ClientCounters): void {
  const peakQueuedBytes = Math.max(total.peakQueuedBytes, part.peakQueuedBytes)
  for (const name of Object.keys(part) as (keyof ClientCounters)[]) total[name] += part[name]
  total.peakQueuedBytes = peakQueuedBytes
}
