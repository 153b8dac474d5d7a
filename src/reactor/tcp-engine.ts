import type { Logger } from 'pino'
import { checkInteger } from '../arguments.ts'
import { errorFields } from '../error-fields.ts'
import { ArgumentError, type CarillonError, errorMessage } from '../errors.ts'
import type { IFramingStrategy } from '../framing/framing-strategy.ts'
import { ViewCache } from '../framing/view-cache.ts'
import { LogLimiter } from '../log-limiter.ts'
import { addCounts, noCounts } from './client-counters.ts'
import type { ClientSenderHandle } from './client-sender.ts'
import { ClientSession } from './client-session.ts'
import { Deadlines } from './deadlines.ts'
import {
  DISCONNECT_KINDS,
  type DisconnectKind,
  type DisconnectReason,
} from './disconnect-reason.ts'
import { ListenError, StateError } from './errors.ts'
import { HookWarnings } from './hook-warnings.ts'
import { DEFAULT_MAX_CLIENTS, HIGHEST_MAX_CLIENTS } from './limits.ts'
import type { HookResult, SessionHost } from './session-host.ts'
import type { TcpClient } from './tcp-client.ts'
import { resolveOptions, type TcpEngineOptions } from './tcp-engine-options.ts'
import type { TcpEngineStats } from './tcp-engine-stats.ts'
import { ThreadSenders } from './thread-senders.ts'
import type { Acceptor, Connection, ConnectionHandler, ListenAddress } from './transport.ts'

/**
 * A TCP server. Subclass it, give it a framing strategy, and override the hooks.
 *
 * Everything runs in one thread, so a hook may use every client: send to another, close it, pause
 * it, stop the engine. Every client that is connected is disconnected exactly once. A hook that
 * throws closes its client, not the process; one that is `async` is not waited for, and its
 * rejection counts as a throw. What it threw goes to the logger; without one it is a process warning
 * of the type `CarillonWarning` with the code `ERR_CARILLON_HOOK`, at most one a second.
 */
export abstract class TcpEngine {
  readonly #createStrategy: () => IFramingStrategy
  readonly #options: Required<TcpEngineOptions>
  readonly #host: SessionHost
  readonly #limitedLog: LogLimiter
  /** Where there is no log that would tell of them. */
  readonly #warnings: HookWarnings | undefined
  readonly #sessions = new Map<number, ClientSession>()
  readonly #senders: ThreadSenders
  #listenAddress: ListenAddress | undefined
  #maxClients = 0
  #state: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped'
  #starting: Promise<ListenAddress> | undefined
  #stopping: Promise<void> | undefined
  #address: ListenAddress | undefined
  /** Called when the last client has gone. */
  #onEmpty: (() => void) | undefined
  #lastId = 0
  #acceptedClients = 0
  #refusedClients = 0
  #acceptErrors = 0
  #hookErrors = 0
  #heldMessages = 0
  readonly #disconnects = Object.fromEntries(DISCONNECT_KINDS.map((kind) => [kind, 0])) as Record<
    DisconnectKind,
    number
  >
  /** Of the clients that have gone. */
  readonly #pastCounts = noCounts()

  /**
   * @param createStrategy called for each new client: a strategy keeps the state of one stream.
   * @throws {ArgumentError} where an option is out of its range.
   */
  constructor(createStrategy: () => IFramingStrategy, options: TcpEngineOptions = {}) {
    this.#createStrategy = createStrategy
    this.#options = resolveOptions(options)
    this.#limitedLog = new LogLimiter(this.logger)
    this.#senders = new ThreadSenders(this.#options.senderRingBytes, {
      client: (id) => this.#sessions.get(id),
      log: this.#limitedLog,
      logger: this.logger,
    })
    this.#warnings = options.logger === undefined ? new HookWarnings() : undefined
    this.#host = {
      options: this.#options,
      deadlines: new Deadlines(this.#options),
      views: this.#options.messages === 'borrowed' ? new ViewCache() : undefined,
      connected: (client) => this.onClientConnected(client),
      message: (client, message) => this.onClientMessage(client, message),
      drained: (client) => this.onClientDrain(client),
      failed: (client, error) => this.onClientError(client, error),
      disconnected: (session, reason) => this.#disconnected(session, reason),
      hookFailed: (client, hook, error) => {
        this.#hookErrors++
        const fields = { client: client.id, hook, ...errorFields(error) }
        this.#limitedLog.log('error', fields, 'a hook threw')
        this.#warnings?.warn(error.code, error.message, error.cause)
      },
      held: (change) => {
        this.#heldMessages += change
      },
    }
  }

  // The hooks.

  /** A client is there, and may be sent to. */
  protected onClientConnected(_client: TcpClient): HookResult {}

  /**
   * A whole message, as the framing strategy put it together.
   *
   * @param _message the receiver's to keep, or with `messages: 'borrowed'` to use until this
   *   returns.
   */
  protected onClientMessage(_client: TcpClient, _message: Buffer): HookResult {}

  /** Once above the high watermark, the client's queue has fallen to the low one. */
  protected onClientDrain(_client: TcpClient): HookResult {}

  /**
   * The client is about to be closed, because its bytes cannot be read, a hook of it threw, or a
   * time limit is over. A last message may be sent from here.
   */
  protected onClientError(_client: TcpClient, _error: CarillonError): HookResult {}

  /** The client is gone: it is no longer in `clients`, and cannot be sent to. */
  protected onClientDisconnected(_client: TcpClient, _reason: DisconnectReason): HookResult {}

  // What the application calls.

  protected get logger(): Logger {
    return this.#options.logger
  }

  /** The clients that are connected, by id, those that are being closed included. */
  get clients(): ReadonlyMap<number, TcpClient> {
    return this.#sessions
  }

  /** Where the engine listens, while it does. */
  get address(): ListenAddress | undefined {
    return this.#address
  }

  /**
   * Says where to listen.
   *
   * @param port 0 to 65535; 0 picks a free one.
   * @param host an address or a name of this machine. Default `127.0.0.1`: not to be reached from
   *   elsewhere unless that is said.
   * @param maxClients most clients at a time: 1 to 1,048,576. Default 1,000. One more is refused.
   * @throws {ArgumentError} where one of them is out of its range.
   * @throws {StateError} where the engine is running.
   */
  init(port: number, host = '127.0.0.1', maxClients = DEFAULT_MAX_CLIENTS): void {
    checkInteger('port', port, 0, 65535)
    checkInteger('maxClients', maxClients, 1, HIGHEST_MAX_CLIENTS)
    if (typeof host !== 'string' || host === '') {
      throw new ArgumentError('host is an address or a name, not empty')
    }
    this.#requireStopped('init')
    this.#listenAddress = { port, host }
    this.#maxClients = maxClients
  }

  /**
   * Listens.
   *
   * @returns the bound address.
   * @throws {ListenError} where that is not possible.
   * @throws {StateError} before `init`, and where the engine is not stopped.
   */
  async start(): Promise<ListenAddress> {
    this.#requireStopped('start')
    const address = this.#listenAddress
    if (address === undefined) {
      throw new StateError('ERR_CARILLON_STATE', 'init() comes before start()')
    }
    this.#state = 'starting'
    this.#starting = this.#listen(address)
    return this.#starting
  }

  /**
   * Stops accepting, sends what is queued, closes every client, and waits until they are gone;
   * after `stopTimeoutMs` it resets the ones that are left. Harmless where the engine is stopped.
   * It may be started again afterwards.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  /**
   * The way to this engine's clients from other threads: plain data, to be handed to a thread by
   * `postMessage` or `workerData`. Any number of threads make a `ClientSender` of it. It is good
   * until `stop`, which delivers what is queued first. Where a thread damages the queue, all of its
   * senders are closed and `sender` gives a new one.
   *
   * @throws {StateError} where the engine is not running.
   * @throws {DescriptorsError} where there is no descriptor for its doorbell.
   */
  sender(): ClientSenderHandle {
    if (this.#state !== 'running') {
      throw new StateError(
        'ERR_CARILLON_STATE',
        `sender() needs a running engine, this one is ${this.#state}`,
      )
    }
    return this.#senders.handle()
  }

  /** The counters as they stand. */
  stats(): TcpEngineStats {
    const counts = { ...this.#pastCounts }
    let queuedBytes = 0
    let pausedSources = 0
    for (const session of this.#sessions.values()) {
      addCounts(counts, session.stats())
      queuedBytes += session.queuedBytes
      if (session.isHeld) pausedSources++
    }
    return {
      ...counts,
      clients: this.#sessions.size,
      queuedBytes,
      heldMessages: this.#heldMessages,
      pausedSources,
      acceptedClients: this.#acceptedClients,
      refusedClients: this.#refusedClients,
      acceptErrors: this.#acceptErrors,
      disconnects: { ...this.#disconnects },
      hookErrors: this.#hookErrors,
      ...this.#senders.stats,
    }
  }

  get #isAccepting(): boolean {
    return this.#state === 'starting' || this.#state === 'running'
  }

  #requireStopped(call: string): void {
    if (this.#state === 'stopped') return
    throw new StateError(
      'ERR_CARILLON_STATE',
      `${call}() needs a stopped engine, this one is ${this.#state}`,
    )
  }

  async #listen(address: ListenAddress): Promise<ListenAddress> {
    const acceptor: Acceptor = {
      onConnection: (connection) => this.#accept(connection),
      onAcceptError: (error) => {
        this.#acceptErrors++
        this.#limitedLog.log('warn', errorFields(error), 'a connection could not be accepted')
      },
    }
    try {
      this.#address = await this.#options.transport.listen(address, acceptor, {
        noDelay: this.#options.noDelay,
      })
    } catch (cause) {
      this.#state = 'stopped'
      throw new ListenError(address, cause)
    }
    this.#state = 'running'
    this.logger.debug({ address: this.#address, maxClients: this.#maxClients }, 'listening')
    return this.#address
  }

  async #stop(): Promise<void> {
    // Only then: otherwise the clients are closed before stop() returns.
    if (this.#state === 'starting') await this.#starting?.catch(() => {})
    if (this.#state === 'stopped') return
    this.#state = 'stopping'
    this.#address = undefined
    this.#senders.close()
    const portIsFree = this.#options.transport.close()
    const { stopTimeoutMs } = this.#options
    const deadline = setTimeout(() => {
      for (const session of this.#sessions.values()) session.expire(stopTimeoutMs)
    }, stopTimeoutMs)
    const isEmpty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      if (this.#sessions.size === 0) resolve()
    })
    for (const session of this.#sessions.values()) session.closeFor('server-stopped', false)
    await Promise.all([portIsFree, isEmpty])
    clearTimeout(deadline)
    this.#onEmpty = undefined
    this.#limitedLog.flush()
    this.#state = 'stopped'
    this.logger.debug('stopped')
  }

  #accept(connection: Connection): ConnectionHandler | null {
    const { remoteAddress } = connection
    if (this.#sessions.size >= this.#maxClients || !this.#isAccepting) {
      this.#refusedClients++
      const fields = { remoteAddress, maxClients: this.#maxClients }
      this.#limitedLog.log('warn', fields, 'refused a client')
      return null
    }
    let strategy: IFramingStrategy
    try {
      strategy = this.#createStrategy()
    } catch (error) {
      this.#refusedClients++
      const fields = { remoteAddress, err: error }
      this.#limitedLog.log('error', fields, 'no framing strategy for a client')
      const message = `no framing strategy for a client: ${errorMessage(error)}`
      this.#warnings?.warn('ERR_CARILLON_HOOK', message, error)
      return null
    }
    const session = new ClientSession(++this.#lastId, connection, strategy, this.#host)
    this.#acceptedClients++
    this.#sessions.set(session.id, session)
    this.logger.debug({ client: session.id, remoteAddress }, 'client connected')
    session.begin()
    return session
  }

  #disconnected(session: ClientSession, reason: DisconnectReason): HookResult {
    const { id, remoteAddress } = session
    this.#sessions.delete(id)
    this.#disconnects[reason.kind]++
    addCounts(this.#pastCounts, session.stats())
    const { kind, error } = reason
    const fields = { client: id, remoteAddress, reason: kind, ...(error && errorFields(error)) }
    if (error) this.#limitedLog.log('warn', fields, 'client disconnected', kind)
    else this.logger.debug(fields, 'client disconnected')
    // What waits for this goes on after the hook below has returned.
    if (this.#sessions.size === 0) this.#onEmpty?.()
    return this.onClientDisconnected(session, reason)
  }
}
