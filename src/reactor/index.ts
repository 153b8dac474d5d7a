export type { ClientCounters } from './client-counters.ts'
export { ClientSender, type ClientSenderHandle, type ClientSenderResult } from './client-sender.ts'
export {
  DISCONNECT_KINDS,
  type DisconnectKind,
  type DisconnectReason,
} from './disconnect-reason.ts'
export { EpollTransport, type EpollTransportOptions } from './epoll-transport.ts'
export { ClientError, DescriptorsError, ListenError, StateError } from './errors.ts'
export { EventFd, type EventFdHandle } from './event-fd.ts'
export type { PollerStats, ReactorStats } from './native-addon.ts'
export { NetTransport } from './net-transport.ts'
export { Reactor, type ReactorOptions } from './reactor.ts'
export type { HookResult } from './session-host.ts'
export type { SendResult, TcpClient } from './tcp-client.ts'
export { TcpEngine } from './tcp-engine.ts'
export type { SlowClientPolicy, TcpEngineOptions } from './tcp-engine-options.ts'
export type { TcpEngineStats } from './tcp-engine-stats.ts'
export { TlsTransport, type TlsTransportOptions } from './tls-transport.ts'
export type {
  Acceptor,
  Connection,
  ConnectionHandler,
  ConnectionOptions,
  ListenAddress,
  Transport,
} from './transport.ts'
export type { ReactorTimer, Readiness, Watch, WatchInterest } from './watches.ts'
