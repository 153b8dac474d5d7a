import type { CarillonError } from '../errors.ts'
import type { ViewCache } from '../framing/view-cache.ts'
import type { ClientSession } from './client-session.ts'
import type { Deadlines } from './deadlines.ts'
import type { DisconnectReason } from './disconnect-reason.ts'
import type { ClientError } from './errors.ts'
import type { TcpClient } from './tcp-client.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'

/** What a hook may return: nothing, or the promise that an `async` hook returns. */
export type HookResult = void | Promise<void>

/** The hooks of a `TcpEngine`, and what is called like one. */
export type HookName =
  | 'onClientConnected'
  | 'onClientMessage'
  | 'onClientDrain'
  | 'onClientError'
  | 'onClientDisconnected'
  | 'onReleased'

/** What a session needs of its engine. */
export interface SessionHost {
  readonly options: Required<TcpEngineOptions>
  readonly deadlines: Deadlines
  /** Where messages are borrowed. */
  readonly views: ViewCache | undefined
  connected(client: TcpClient): HookResult
  message(client: TcpClient, message: Buffer): HookResult
  drained(client: TcpClient): HookResult
  failed(client: TcpClient, error: CarillonError): HookResult
  /** The session's end. */
  disconnected(session: ClientSession, reason: DisconnectReason): HookResult
  /** A hook threw. The session closes its client; this is for the count and the log. */
  hookFailed(client: TcpClient, hook: HookName, error: ClientError): void
  /** Memory of `sendZeroCopy` is held (1), or released (-1). */
  held(change: 1 | -1): void
}
