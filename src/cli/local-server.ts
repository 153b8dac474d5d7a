import type { CoreKind } from '../cores/core-runner.ts'
import { CarillonServer } from '../server/carillon-server.ts'

/** A server of one's own, for the length of a job. */
export interface LocalServer {
  readonly host: string
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts a core and a server on a free port, reachable from this machine only.
 *
 * @param signal gives the start up, with its reason.
 * @throws as `CarillonServer.start`.
 */
export async function startLocalServer(
  core: CoreKind = 'hosted',
  signal?: AbortSignal,
): Promise<LocalServer> {
  return CarillonServer.start({ port: 0, core, ...(signal !== undefined && { signal }) })
}
