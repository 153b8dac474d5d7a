import { CarillonServer } from '../server/carillon-server.ts'

/** A server of one's own, for the length of a job. */
export interface LocalServer {
  readonly host: string
  readonly port: number
  stop(): Promise<void>
}

/** Starts a hosted core and a server on a free port, reachable from this machine only. */
export async function startLocalServer(): Promise<LocalServer> {
  return CarillonServer.start({ port: 0 })
}
