import type { CarillonError } from '../errors.ts'

/** Every way in which a connection comes to its end, named for what began it. */
export const DISCONNECT_KINDS = [
  /** The peer sent its FIN. */
  'peer-closed',
  /** The connection broke: the peer reset it, or the network did. */
  'connection-lost',
  /** `client.close()`. */
  'closed',
  /** `client.reset()`. */
  'reset',
  /** The bytes received are not what the framing strategy expects. */
  'framing-error',
  /** A hook threw, or its promise was rejected. */
  'hook-error',
  /** More would have been queued for the client than `maxQueuedBytes`. */
  'slow-client',
  /** Nothing was received from it, and nothing taken by it, for `idleTimeoutMs`. */
  'idle-timeout',
  /** No whole message came within `handshakeTimeoutMs` of connecting. */
  'handshake-timeout',
  /** A message that it had begun was not whole within `messageTimeoutMs`. */
  'message-timeout',
  /** `engine.stop()`. */
  'server-stopped',
] as const

export type DisconnectKind = (typeof DISCONNECT_KINDS)[number]

/** Why a client was disconnected. */
export interface DisconnectReason {
  /** What began the end. What happened after that does not change it. */
  readonly kind: DisconnectKind
  /** What went wrong, then or on the way to the end. */
  readonly error?: CarillonError
}
