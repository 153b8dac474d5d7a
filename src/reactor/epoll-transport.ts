import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { EpollConnection } from './epoll-connection.ts'
import { listensAlready } from './errors.ts'
import { ACCEPT_RETRY_MS, KEEP_ALIVE_DELAY_MS, LISTEN_BACKLOG } from './limits.ts'
import { EpollEvents, RecordKind } from './native-addon.ts'
import { Reactor } from './reactor.ts'
import { systemError } from './system-error.ts'
import type { Acceptor, ConnectionOptions, ListenAddress, Transport } from './transport.ts'

export interface EpollTransportOptions {
  /** What it runs on. Default the thread's own, `Reactor.shared`. */
  readonly reactor?: Reactor
  /**
   * Whether others may listen on the same port (SO_REUSEPORT), of which each then gets a share of
   * the connections. All of them have to say so. Default false.
   */
  readonly reusePort?: boolean
}

/**
 * TCP by epoll: the fastest transport, on Linux. Where there is no reactor, an engine does not start
 * on it: `ERR_CARILLON_LISTEN`, with the reason.
 */
export class EpollTransport implements Transport {
  readonly #options: EpollTransportOptions
  /** From the call of `listen` on, which takes one engine at a time. */
  #isListening = false
  #listener: Listener | undefined

  constructor(options: EpollTransportOptions = {}) {
    this.#options = options
  }

  async listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    if (this.#isListening) throw listensAlready()
    this.#isListening = true
    try {
      return await this.#listen(address, acceptor, options)
    } catch (error) {
      this.#isListening = false
      throw error
    }
  }

  async #listen(
    { port, host }: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress> {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host
    const { reactor = Reactor.shared, reusePort = false } = this.#options
    reactor.requireOpen('listen')
    const slot = reactor.poller.listen(
      port,
      LISTEN_BACKLOG,
      KEEP_ALIVE_DELAY_MS / 1000,
      reusePort,
      options.noDelay,
      address,
    )
    if (slot < 0) throw systemError('listen', slot)
    this.#listener = new Listener(reactor, slot, acceptor)
    return reactor.poller.address(slot)
  }

  async close(): Promise<void> {
    this.#listener?.close()
    this.#listener = undefined
    this.#isListening = false
  }
}

class Listener {
  readonly #reactor: Reactor
  readonly #slot: number
  readonly #acceptor: Acceptor
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(reactor: Reactor, slot: number, acceptor: Acceptor) {
    this.#reactor = reactor
    this.#slot = slot
    this.#acceptor = acceptor
    reactor.adopt(slot, this)
  }

  onRecord(kind: number, a: number): void {
    if (kind === RecordKind.accepted) this.#accept(a)
    else if (kind === RecordKind.acceptFailed) this.#rest(a)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    // The acceptor refuses what had been accepted by then.
    this.#reactor.retire(this.#slot)
  }

  onReactorClose(): void {
    clearTimeout(this.#retry)
  }

  #accept(slot: number): void {
    const connection = new EpollConnection(this.#reactor, slot)
    const handler = this.#acceptor.onConnection(connection)
    if (handler === null) connection.refuse()
    else connection.attach(handler)
  }

  /** The poller stopped listening, which would else fail again and again without an end. */
  #rest(errno: number): void {
    if (this.#isClosed) return
    this.#retry = setTimeout(() => {
      const result = this.#reactor.setInterest(this.#slot, EpollEvents.in)
      if (result < 0) this.#rest(-result)
    }, ACCEPT_RETRY_MS)
    this.#acceptor.onAcceptError(systemError('accept', errno))
  }
}
