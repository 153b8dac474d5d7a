export { ArgumentError, CarillonError, type ErrorCode } from './errors.ts'
export * from './framing/index.ts'
export * from './reactor/index.ts'
export {
  CarillonServer,
  type CarillonServerOptions,
  type Reloaded,
  type ServedCore,
} from './server/carillon-server.ts'
