import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { KEEP_ALIVE_DELAY_MS } from './limits.ts'
import type { Acceptor, ConnectionOptions, ListenAddress, Transport } from './transport.ts'

/** A transport over Node's own sockets, on every system that Node runs on. */
export abstract class NodeTransport implements Transport {
  #server: Server | undefined

  /** Takes a new socket, in time to `acceptor`. */
  protected abstract accept(socket: Socket, acceptor: Acceptor): void

  listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    // Half-open: after the peer's FIN what is queued for it is still sent.
    const server = createServer({
      allowHalfOpen: true,
      noDelay: options.noDelay,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    })
    server.on('connection', (socket) => this.accept(socket, acceptor))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port: address.port, host: address.host }, () => {
        server.off('error', reject)
        server.on('error', (error) => acceptor.onAcceptError(error))
        this.#server = server
        const bound = server.address() as AddressInfo
        resolve({ port: bound.port, host: bound.address })
      })
    })
  }

  async close(): Promise<void> {
    // Closes the listening descriptor before it returns. Its callback is of no use here: it waits
    // for the last connection.
    this.#server?.close()
    this.#server = undefined
  }
}
