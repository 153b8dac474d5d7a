export type { ClientCounters } from './client-counters.ts'
export type { HookResult } from './client-session.ts'
export {
  DISCONNECT_KINDS,
  type DisconnectKind,
  type DisconnectReason,
} from './disconnect-reason.ts'
export { ClientError, ListenError, StateError } from './errors.ts'
export { NetTransport } from './net-transport.ts'
export type { SendResult, TcpClient } from './tcp-client.ts'
export { TcpEngine, type TcpEngineStats } from './tcp-engine.ts'
export type { SlowClientPolicy, TcpEngineOptions } from './tcp-engine-options.ts'
export { TlsTransport, type TlsTransportOptions } from './tls-transport.ts'
export type {
  Acceptor,
  Connection,
  ConnectionHandler,
  ConnectionOptions,
  ListenAddress,
  Transport,
} from './transport.ts'
