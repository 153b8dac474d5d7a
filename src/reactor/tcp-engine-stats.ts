import type { ClientCounters } from './client-counters.ts'
import type { DisconnectKind } from './disconnect-reason.ts'

/** What happened since the engine was made. The counters are those of all its clients. */
export interface TcpEngineStats extends ClientCounters {
  /** Clients connected now, those that are being closed included. */
  readonly clients: number
  /** Bytes queued now. */
  readonly queuedBytes: number
  /** Messages of `sendZeroCopy` whose memory is not released now, of clients that have gone too. */
  readonly heldMessages: number
  /** Clients not read from now because one that they feed is slow. */
  readonly pausedSources: number
  /** Connections that became clients. */
  readonly acceptedClients: number
  /** Connections refused, being over `maxClients` or without a framing strategy. */
  readonly refusedClients: number
  /** Connections that the system could not accept (`ERR_CARILLON_DESCRIPTORS`…). */
  readonly acceptErrors: number
  /** Disconnected clients, by what began their end. */
  readonly disconnects: Readonly<Record<DisconnectKind, number>>
  /** Hooks that threw, or whose promise was rejected. */
  readonly hookErrors: number
  /** Messages that came from other threads, by `ClientSender`. */
  readonly senderMessages: number
  /** Of these, the ones for a client that had gone. */
  readonly senderUnknownClients: number
  /** Of these, the ones that the client's framing strategy refused to frame. */
  readonly senderUnframed: number
  /** Of these, the ones that no `ClientSender` wrote: nobody knows what they are. */
  readonly senderMalformed: number
  /** Times that a thread found no room for a message. */
  readonly senderFull: number
  /** Times that something was passed over which a thread had begun and not finished. */
  readonly senderUnblocked: number
  /** Times that their queue was found damaged, and closed. What was in it is lost. */
  readonly senderDamaged: number
}
