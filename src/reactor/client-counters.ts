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
  /** Bytes that these did not accept. */
  droppedBytes: number
  /** Calls of these that were answered `dropped`. */
  droppedMessages: number
  /** Bytes accepted that were still queued when the connection broke or was reset. */
  unsentBytes: number
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
    droppedBytes: 0,
    droppedMessages: 0,
    unsentBytes: 0,
  }
}

/** Adds every count of `part` to `total`. */
export function addCounts(total: ClientCounters, part: ClientCounters): void {
  for (const name of Object.keys(part) as (keyof ClientCounters)[]) total[name] += part[name]
}
