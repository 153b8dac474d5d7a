import { type Logger, pino } from 'pino'
import { checkInteger } from '../arguments.ts'
import type { CoreKind } from '../cores/core-kind.ts'
import type { LoadedFirmware } from '../cores/core-runner.ts'
import { CoreError } from '../cores/errors.ts'
import { ArgumentError, errorCode, errorMessage } from '../errors.ts'
import { EpollTransport } from '../reactor/epoll-transport.ts'
import { StateError } from '../reactor/errors.ts'
import { NetTransport } from '../reactor/net-transport.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { Transport } from '../reactor/transport.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { DspServer } from './dsp-server.ts'
import { DspService } from './dsp-service.ts'
import { DEFAULT_MAX_CLIENTS, HIGHEST_MAX_CLIENTS } from './limits.ts'
import { type CoreState, ManagedCore } from './managed-core.ts'
import { removeOrphanedRegions } from './orphaned-regions.ts'
import { REGION_FOLDERS } from './region-file.ts'
import { openServerCores, type ServerCores } from './server-cores.ts'
import type { WebGateway } from './web-gateway.ts'

export interface CarillonServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** For TCP clients: 0 to 65535; 0 picks a free one. */
  readonly port: number
  /** For the console: 0 to 65535; 0 picks a free one. Default: no console. */
  readonly consolePort?: number
  /**
   * What the cores are: processes of this machine, bare metal on a board in QEMU, or other cores of this
   * machine, which is the board `board:NAME`. Default `hosted`.
   */
  readonly core?: CoreKind
  /** Cores to start: 1 to 4, or as many as the board has for the firmware. Default 1. */
  readonly cores?: number
  /** Most clients over TCP at a time: 1 to 10,000. Default 256. One more is refused with a reset. */
  readonly maxClients?: number
  /** Path of the cores' firmware, where it is not the one that was built here. */
  readonly firmware?: string
  /**
   * What carries the connections over TCP: the native epoll, or Node's `net`. Default: `epoll` where
   * there is one.
   */
  readonly transport?: 'epoll' | 'net'
  /**
   * How long the server goes on asking for bells and bytes after it handled some, before it sleeps: 0
   * to 1,000 microseconds; with the transport epoll only. Default 0. See {@link ReactorOptions}.
   */
  readonly busyPollUs?: number
  /**
   * Whether the cores look for commands all the time instead of sleeping until they are rung for: each
   * then keeps a processor busy. Hosted cores only. Default false.
   */
  readonly corePolls?: boolean
  /**
   * Whom the process becomes once the memory of a board is mapped, where it is root: a name or a
   * number; `root` stays root. Default `nobody`.
   */
  readonly user?: string
  /**
   * Gives the start up: it rejects with the signal's reason, soon, and nothing is left behind. Says
   * nothing any more once the server has started.
   */
  readonly signal?: AbortSignal
  /** Default: silent. */
  readonly logger?: Logger
}

/**
 * The life of one core of a server: offline, starting, running or crashed. What is asked of it while
 * firmware is loaded is done after that. Once the server stops it is offline, and stays so.
 */
export interface ServedCore {
  readonly index: number
  readonly kind: CoreKind
  readonly state: CoreState
  /**
   * Starts the core where it is offline, and resolves once it runs.
   *
   * @throws {CarillonError} where it does not come up. It is offline then.
   * @throws {StateError} `ERR_CARILLON_STATE` once the server stops, or has.
   */
  start(): Promise<void>
  /**
   * Stops the core; other cores go on. Its streams are lost, and their clients are told; they stay
   * connected. Takes up to two seconds where the core does not answer. Harmless where it is offline;
   * once the server stops, this waits for that.
   */
  stop(): Promise<void>
  /** Stops the core and starts it again. Throws as `start`. */
  restart(): Promise<void>
}

/** What `CarillonServer.reload` has loaded. */
export interface Reloaded {
  /** Path of the firmware. */
  readonly firmware: string
  /** As it says of itself: `0.1.0`. */
  readonly version: string
}

/** Everything together: a shared region, its cores, and the service over TCP and WebSocket. */
export class CarillonServer {
  readonly host: string
  readonly port: number
  /** Where the console listens; undefined where there is none. */
  readonly consolePort: number | undefined
  /** The file that is shared with the cores. */
  readonly regionPath: string
  readonly #parts: Parts
  #reloading: Promise<unknown> = Promise.resolve()
  #isReloading = false
  #stopping: Promise<void> | undefined

  private constructor(host: string, ports: Ports, parts: Parts) {
    this.host = host
    this.port = ports.port
    this.consolePort = ports.consolePort
    this.regionPath = parts.region.path
    this.#parts = parts
  }

  /**
   * Starts the cores, then listens.
   *
   * @throws {CarillonError} `ERR_CARILLON_ARGUMENT` where an option is out of its range,
   *   `ERR_CARILLON_LISTEN` where a port is in use, `ERR_CARILLON_CORE_…`,
   *   `ERR_CARILLON_FIRMWARE_…`, `ERR_CARILLON_EMULATOR_MISSING`, `ERR_CARILLON_BOARD_…`, `ERR_CARILLON_MAPPING…`. Nothing is left behind then.
   */
  static async start(options: CarillonServerOptions): Promise<CarillonServer> {
    const { host = '127.0.0.1', cores: count = 1, logger = pino({ level: 'silent' }) } = options
    const { maxClients = DEFAULT_MAX_CLIENTS } = options
    checkInteger('maxClients', maxClients, 1, HIGHEST_MAX_CLIENTS)
    const kind = options.core ?? 'hosted'
    checkPolling(options)
    const { signal } = options
    signal?.throwIfAborted()
    const reactor = ownReactor(options)
    let opened: ServerCores
    try {
      opened = await openServerCores({
        ...{ kind, cores: count, polls: options.corePolls ?? false, logger },
        ...(options.firmware !== undefined && { firmware: options.firmware }),
        ...(options.user !== undefined && { user: options.user }),
        ...(reactor !== undefined && { reactor }),
      })
    } catch (error) {
      reactor?.close()
      throw error
    }
    const { region, runner } = opened
    const parts: Parts = { ...opened, cores: [], ...(reactor !== undefined && { reactor }) }
    try {
      const lender = lendRegion(region, options, reactor)
      const flush = lender === undefined ? {} : { flush: () => lender.flush() }
      if (lender !== undefined) parts.lender = lender
      for (let core = 0; core < count; core++) {
        parts.cores.push(new ManagedCore({ region, core, runner, logger, ...flush }))
      }
      const { cores } = parts
      const starting = [
        ...cores.map((core) => core.start()),
        removeOrphanedRegions(REGION_FOLDERS, logger),
      ]
      await unlessAborted(Promise.all(starting), signal)
      parts.service = new DspService({ cores, region, logger })
      const ports = await listen(parts, parts.service, { ...options, host, maxClients, logger })
      signal?.throwIfAborted()
      return new CarillonServer(host, ports, parts)
    } catch (error) {
      // Where it was given up meanwhile, that is why.
      await stopParts(parts)
      signal?.throwIfAborted()
      throw error
    }
  }

  /**
   * Closes the clients, stops the cores and removes the shared file. Takes up to five seconds where
   * a client does not close its side, and two more where a core does not answer.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    // A reload that is under way starts no core any more, and one that starts is stopped.
    if (this.#isReloading) await Promise.allSettled(this.#parts.cores.map((core) => core.stop()))
    await this.#reloading.catch(() => {})
    await stopParts(this.#parts)
  }

  /**
   * One of its cores.
   *
   * @throws {ArgumentError} where there is none of this index.
   */
  core(index: number): ServedCore {
    const core = this.#parts.cores[index]
    if (core === undefined) throw new ArgumentError(`the server has no core ${index}`)
    return {
      index,
      kind: core.kind,
      get state() {
        return core.state
      },
      start: () => this.#startCore(core),
      stop: () => this.#stopCore(core),
      restart: async () => {
        await this.#stopCore(core)
        await this.#startCore(core)
      },
    }
  }

  // A reload stops and starts cores itself: what is asked meanwhile is done with what it leaves.

  async #startCore(core: ManagedCore): Promise<void> {
    await this.#reloading.catch(() => {})
    if (this.#stopping !== undefined) {
      throw new StateError(
        'ERR_CARILLON_STATE',
        `core ${core.index} cannot be started: its server was stopped`,
      )
    }
    await core.start()
  }

  async #stopCore(core: ManagedCore): Promise<void> {
    await this.#reloading.catch(() => {})
    if (this.#stopping === undefined) await core.stop()
    // Whoever has stopped the server is told what went wrong with that.
    else await this.#stopping.catch(() => {})
  }

  /**
   * Starts the cores with other firmware, while clients stay connected. Their streams are lost, and
   * they are told; they open others once the cores run. Cores that are offline stay so, and get it when
   * they are started.
   *
   * The firmware is checked before any core is stopped. Where the cores do not come up with it, they
   * are started with what they ran before. One reload follows the other.
   *
   * @param firmware path; by default the one that the server was started with, or was last told: the
   *   file is read again.
   * @throws {CarillonError} `ERR_CARILLON_FIRMWARE_…`, `ERR_CARILLON_ELF…`, `ERR_CARILLON_LAYOUT_…`
   *   where it cannot be used, and nothing has happened; `ERR_CARILLON_CORE_…` where the cores do not
   *   come up with it.
   */
  reload(firmware?: string): Promise<Reloaded> {
    const reloaded = this.#reloading.catch(() => {}).then(() => this.#reload(firmware))
    this.#reloading = reloaded
    return reloaded
  }

  async #reload(firmware: string | undefined): Promise<Reloaded> {
    const { runner, cores } = this.#parts
    const loaded: LoadedFirmware = await runner.load(firmware)
    if (this.#stopping !== undefined) throw stoppedMeanwhile()
    const running = cores.filter(({ state }) => state !== 'offline')
    this.#isReloading = true
    try {
      await this.#startAgain(running)
    } catch (error) {
      loaded.undo()
      await this.#startAgain(running)
      throw error
    } finally {
      this.#isReloading = false
    }
    return { firmware: loaded.path, version: loaded.version }
  }

  async #startAgain(cores: readonly ManagedCore[]): Promise<void> {
    const { runner } = this.#parts
    await Promise.all(cores.map((core) => core.stop('is loaded with firmware anew')))
    await runner.end()
    if (this.#stopping !== undefined) throw stoppedMeanwhile()
    const started = await Promise.allSettled(cores.map((core) => core.start()))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

function stoppedMeanwhile(): CoreError {
  return new CoreError('ERR_CARILLON_CORE_LOST', 'the server was stopped meanwhile')
}

interface Parts extends ServerCores {
  readonly cores: ManagedCore[]
  /** Where it is not the thread's own. */
  readonly reactor?: Reactor
  /** With which the region's memory is registered. */
  lender?: Reactor
  service?: DspService
  server?: DspServer
  gateway?: WebGateway
}

type ListenOptions = CarillonServerOptions &
  Required<Pick<CarillonServerOptions, 'host' | 'maxClients' | 'logger'>>

/** @throws {ArgumentError} where the options do not go together. */
function checkPolling(options: CarillonServerOptions): void {
  const { core = 'hosted', corePolls, transport, busyPollUs = 0 } = options
  if (corePolls === true && core !== 'hosted') {
    throw new ArgumentError('corePolls is for hosted cores: those of a machine share a processor')
  }
  if (busyPollUs !== 0 && transport === 'net') {
    throw new ArgumentError('busyPollUs goes with the transport epoll, not with net')
  }
}

/** One that polls: then bells and bytes both come by it, and neither waits for the other's polling. */
function ownReactor({ busyPollUs = 0 }: CarillonServerOptions): Reactor | undefined {
  return busyPollUs === 0 ? undefined : new Reactor({ busyPollUs })
}

function chooseTransport(
  { transport }: CarillonServerOptions,
  reactor: Reactor | undefined,
): Transport | undefined {
  if (transport === 'net') return new NetTransport()
  if (reactor !== undefined) return new EpollTransport({ reactor })
  return transport === 'epoll' ? new EpollTransport() : undefined
}

/**
 * Has what leaves a ring go to the kernel from there. Of a device's memory, which may not be read as
 * bytes lie, and over another transport it is copied.
 */
function lendRegion(
  region: SharedRegion,
  { transport }: CarillonServerOptions,
  reactor: Reactor | undefined,
): Reactor | undefined {
  const cannot = transport === 'net' || Reactor.unavailable !== undefined
  if (cannot || region.memoryType === 'device') return undefined
  const lender = reactor ?? Reactor.shared
  try {
    lender.registerMemory(region.memory.bytes)
  } catch (error) {
    // There are as many as it takes: it is copied then.
    if (errorCode(error) !== 'ENOSPC') throw error
    return undefined
  }
  return lender
}

interface Ports {
  readonly port: number
  readonly consolePort: number | undefined
}

async function listen(parts: Parts, service: DspService, options: ListenOptions): Promise<Ports> {
  const { host, maxClients, logger } = options
  const transport = chooseTransport(options, parts.reactor)
  const server = new DspServer((peer) => service.connect(peer), logger, transport)
  server.init(options.port, host, maxClients)
  const { port } = await server.start()
  parts.server = server
  if (options.consolePort === undefined) return { port, consolePort: undefined }
  // Loaded only here: clients over TCP are served meanwhile, and without a console it never is.
  const { WebGateway } = await import('./web-gateway.ts')
  const gateway = new WebGateway({
    host,
    port: options.consolePort,
    connect: (peer) => service.connect(peer),
    logger,
  })
  try {
    const bound = await gateway.start()
    parts.gateway = gateway
    return { port, consolePort: bound.port }
  } catch (error) {
    if (errorCode(error) !== 'ERR_CARILLON_CONSOLE_UNAVAILABLE') throw error
    logger.warn({ code: errorCode(error) }, errorMessage(error))
    return { port, consolePort: undefined }
  }
}

/**
 * In the order that leaves nobody without an answer: service, clients, cores, file. Each goes on
 * where the one before it fails; the first failure is thrown in the end.
 */
async function stopParts(parts: Parts): Promise<void> {
  const { region, runner, cores, reactor, lender, service, server, gateway } = parts
  service?.stop()
  const clients = await Promise.allSettled([gateway?.stop(), server?.stop()])
  const stopped = await Promise.allSettled(cores.map((core) => core.stop()))
  const ended = await Promise.allSettled([runner.end()])
  parts.close()
  lender?.unregisterMemory(region.memory.bytes)
  reactor?.close()
  region.remove()
  region.close()
  const failed = [...clients, ...stopped, ...ended].find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
