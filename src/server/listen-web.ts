import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { ListenError } from '../reactor/errors.ts'
import type { ListenAddress } from '../reactor/transport.ts'
import type { UWebSockets, WebApp } from './uwebsockets.ts'

/**
 * The IP address that a host name stands for.
 *
 * @throws {ListenError} `ERR_CARILLON_LISTEN` where it stands for none.
 */
export async function resolveHost({ host, port }: ListenAddress): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw new ListenError({ host, port }, cause)
  }
}

/**
 * Has `app` listen on an address; where that fails the app is closed.
 *
 * @returns the port, never 0.
 * @throws {ListenError} `ERR_CARILLON_LISTEN`.
 */
export async function listenWeb(
  uWebSockets: UWebSockets,
  app: WebApp,
  address: ListenAddress,
): Promise<number> {
  const { LIBUS_LISTEN_EXCLUSIVE_PORT } = uWebSockets
  let port: number | undefined
  app.listen(address.host, address.port, LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
    if (socket !== false) port = uWebSockets.us_socket_local_port(socket)
  })
  if (port !== undefined) return port
  app.close()
  throw new ListenError(address, await whyNot(address))
}

/** uWebSockets.js says only that it cannot listen: an attempt of Node's own says why. */
async function whyNot(address: ListenAddress): Promise<unknown> {
  const probe = createServer()
  try {
    probe.listen({ ...address, exclusive: true })
    await once(probe, 'listening')
    return new Error('uWebSockets.js gives no reason')
  } catch (error) {
    return error
  } finally {
    probe.close()
  }
}
