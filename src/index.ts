export { ArgumentError, CarillonError, type ErrorCode } from './errors.ts'
export * from './framing/index.ts'
export * from './reactor/index.ts'
export { CarillonServer, type CarillonServerOptions } from './server/carillon-server.ts'
