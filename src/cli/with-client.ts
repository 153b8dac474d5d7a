import { CarillonClient } from '../client/carillon-client.ts'
import type { ServerAddress } from '../client/connection.ts'

/** Does `work` with a client of the server, called `name` there. `signal` gives it up, at any point. */
export async function withClient<Result>(
  { host, port }: ServerAddress,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
  work: (client: CarillonClient) => Promise<Result>,
): Promise<Result> {
  const client = await CarillonClient.connect({ host, port, name, signal })
  const giveUp = () => void client.close()
  signal.addEventListener('abort', giveUp)
  try {
    return await work(client)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', giveUp)
    await client.close()
  }
}
