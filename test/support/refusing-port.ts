import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { ExecutionContext } from 'ava'

/**
 * A port of this machine where nobody listens, and nobody can begin to while the test runs: the near
 * end of a connection holds it.
 */
export async function refusingPort(t: ExecutionContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[peer]] = await Promise.all([accepted, once(socket, 'connect')])
  t.teardown(() => {
    socket.destroy()
    peer.destroy()
    server.close()
  })
  return (socket.address() as AddressInfo).port
}
