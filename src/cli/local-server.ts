/** A server with a hosted core of its own, for the length of one job. */
export interface LocalServer {
  readonly host: string
  /** A free port. */
  readonly port: number
  /** Stops the server and its core. */
  stop(): Promise<void>
}

export declare function startLocalServer(): Promise<LocalServer>
