import type { CoreKind } from '../cores/core-kind.ts'
import { CarillonServer } from '../server/carillon-server.ts'

/** A server of one's own, for the length of a job. */
export interface LocalServer {
  readonly host: string
  readonly port: number
  stop(): Promise<void>
}

export interface LocalServerOptions {
  /** What its core is. Default `hosted`. */
  readonly core?: CoreKind
  /** Path of the core's firmware, where it is not the one that was built here. */
  readonly firmware?: string
  /** Gives the start up, with its reason. */
  readonly signal: AbortSignal
}

/**
 * Starts a core and a server on a free port, reachable from this machine only.
 *
 * @throws as `CarillonServer.start`.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  // The server of a board gives root up. This one shares its process with a job that writes files.
  return CarillonServer.start({ port: 0, user: 'root', ...options })
}
