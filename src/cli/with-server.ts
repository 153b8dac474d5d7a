import type { ServerAddress } from '../client/connection.ts'
import type { LocalServer } from './local-server.ts'

export interface ServerSurroundings {
  /** @param signal gives the start up, with its reason. */
  startLocalServer(signal: AbortSignal): Promise<LocalServer>
  /** Gives the work up, with the signal's reason. */
  readonly signal: AbortSignal
}

/** Does `work` with the server that was named, or else with one of its own, for that long. */
export async function withServer<Result>(
  server: ServerAddress | undefined,
  { startLocalServer, signal }: ServerSurroundings,
  work: (address: ServerAddress) => Promise<Result>,
): Promise<Result> {
  if (server !== undefined) return await work(server)
  const local = await startLocalServer(signal)
  let result: Result
  try {
    signal.throwIfAborted()
    result = await work(local)
  } catch (error) {
    // Why the work failed says more than what followed from it.
    await local.stop().catch(() => {})
    throw error
  }
  await local.stop()
  return result
}
