import { CarillonError, type ErrorCode } from '../errors.ts'

/** What can go wrong between a client and its server. */
export class CarillonClientError extends CarillonError {}

/** The server could not be reached. */
export class ConnectError extends CarillonClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_CONNECT', message, options)
  }
}

/** The server took longer than the caller allowed. */
export class TimeoutError extends CarillonClientError {
  constructor(message: string) {
    super('ERR_CARILLON_TIMEOUT', message)
  }
}

/** The connection ended before everything that was asked had been answered. */
export class DisconnectedError extends CarillonClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_DISCONNECTED', message, options)
  }
}

/** The server sent something that this client does not understand. */
export class ProtocolError extends CarillonClientError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CARILLON_PROTOCOL', message, options)
  }
}

/** More blocks were given to a stream than it lets wait: `send` was not waited for. */
export class BacklogError extends CarillonClientError {
  constructor(message: string) {
    super('ERR_CARILLON_BACKLOG', message)
  }
}

/** The server answered with an error: `code` and `message` are as it sent them. */
export class RemoteError extends CarillonClientError {
  /** The server closes the connection after this. */
  readonly fatal: boolean

  constructor(code: string, message: string, fatal: boolean) {
    super(code as ErrorCode, message)
    this.fatal = fatal
  }
}
