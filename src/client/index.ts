export {
  CarillonClient,
  type ClientEvents,
  type ConnectOptions,
  type OpenStreamOptions,
  type StreamEffect,
  type Subscription,
} from './carillon-client.ts'
export type { ClientStream, StreamBlock, StreamSummary } from './client-stream.ts'
export {
  BacklogError,
  CarillonClientError,
  ConnectError,
  DisconnectedError,
  ProtocolError,
  RemoteError,
  TimeoutError,
} from './errors.ts'
export { samplesOf } from './float-bytes.ts'
export type {
  Core,
  Description,
  EffectInfo,
  Limits,
  ParameterInfo,
  Scope,
  Telemetry,
  Welcome,
} from './messages.ts'
