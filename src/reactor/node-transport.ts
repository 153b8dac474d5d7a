import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { listensAlready } from './errors.ts'
import { KEEP_ALIVE_DELAY_MS } from './limits.ts'
import type { Acceptor, ConnectionOptions, ListenAddress, Transport } from './transport.ts'

/** A transport over Node's own sockets, on every system that Node runs on. */
export abstract class NodeTransport implements Transport {
  /** From the call of `listen` on, which takes one server at a time. */
  #server: Server | undefined

  /** Takes a new socket, in time to `acceptor`. */
  protected abstract accept(socket: Socket, acceptor: Acceptor): void

  async listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    if (this.#server !== undefined) throw listensAlready()
    // Half-open: after the peer's FIN what is queued for it is still sent.
    const server = createServer({
      allowHalfOpen: true,
      noDelay: options.noDelay,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    })
    server.on('connection', (socket) => this.accept(socket, acceptor))
    this.#server = server
    return new Promise((resolve, reject) => {
      const onFailed = (error: Error) => {
        this.#server = undefined
        reject(error)
      }
      server.once('error', onFailed)
      server.listen({ port: address.port, host: address.host }, () => {
        server.off('error', onFailed)
        server.on('error', (error) => acceptor.onAcceptError(error))
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
