import { type Logger, pino } from 'pino'
import { checkInteger } from '../arguments.ts'
import { type CoreKind, coreRunner } from '../cores/core-runner.ts'
import { ArgumentError, errorCode, errorMessage } from '../errors.ts'
import { EpollTransport } from '../reactor/epoll-transport.ts'
import { NetTransport } from '../reactor/net-transport.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { Transport } from '../reactor/transport.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { DspServer } from './dsp-server.ts'
import { DspService } from './dsp-service.ts'
import { DEFAULT_MAX_CLIENTS, HIGHEST_MAX_CLIENTS } from './limits.ts'
import { ManagedCore } from './managed-core.ts'
import { removeOrphanedRegions } from './orphaned-regions.ts'
import { createRegionFile, REGION_FOLDERS } from './region-file.ts'
import { WebGateway } from './web-gateway.ts'

export interface CarillonServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** For TCP clients: 0 to 65535; 0 picks a free one. */
  readonly port: number
  /** For the console: 0 to 65535; 0 picks a free one. Default: no console. */
  readonly consolePort?: number
  /** What the cores are: processes of this machine, or bare metal in QEMU. Default `hosted`. */
  readonly core?: CoreKind
  /** Cores to start: 1 to 4. Default 1. */
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
  /** Default: silent. */
  readonly logger?: Logger
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
   *   `ERR_CARILLON_FIRMWARE_MISSING`, `ERR_CARILLON_EMULATOR_MISSING`, `ERR_CARILLON_MAPPING…`. Nothing is left behind then.
   */
  static async start(options: CarillonServerOptions): Promise<CarillonServer> {
    const { host = '127.0.0.1', cores: count = 1, logger = pino({ level: 'silent' }) } = options
    const { maxClients = DEFAULT_MAX_CLIENTS } = options
    checkInteger('maxClients', maxClients, 1, HIGHEST_MAX_CLIENTS)
    checkPolling(options)
    const reactor = ownReactor(options)
    let region: SharedRegion
    try {
      region = createRegionFile({ cores: count }, logger)
    } catch (error) {
      reactor?.close()
      throw error
    }
    const runner = coreRunner(options.core ?? 'hosted', region, options.firmware, {
      polls: options.corePolls ?? false,
      ...(reactor !== undefined && { reactor }),
    })
    const cores = Array.from(
      { length: count },
      (_, core) => new ManagedCore({ region, core, runner, logger }),
    )
    const parts: Parts = { region, cores, ...(reactor !== undefined && { reactor }) }
    try {
      await Promise.all([
        ...cores.map((core) => core.start()),
        removeOrphanedRegions(REGION_FOLDERS, logger),
      ])
      parts.service = new DspService({ cores, region, logger })
      const ports = await listen(parts, parts.service, { ...options, host, maxClients, logger })
      return new CarillonServer(host, ports, parts)
    } catch (error) {
      await stopParts(parts)
      throw error
    }
  }

  /**
   * Closes the clients, stops the cores and removes the shared file. Takes up to five seconds where
   * a client does not close its side, and two more where a core does not answer.
   */
  async stop(): Promise<void> {
    await stopParts(this.#parts)
  }
}

interface Parts {
  readonly region: SharedRegion
  readonly cores: readonly ManagedCore[]
  /** Where it is not the thread's own. */
  readonly reactor?: Reactor
  service?: DspService
  server?: DspServer
  gateway?: WebGateway
}

type ListenOptions = CarillonServerOptions &
  Required<Pick<CarillonServerOptions, 'host' | 'maxClients' | 'logger'>>

/** @throws {ArgumentError} where the options do not go together. */
function checkPolling({ core, corePolls, transport, busyPollUs = 0 }: CarillonServerOptions): void {
  if (corePolls === true && core === 'virt') {
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
  const { region, cores, reactor, service, server, gateway } = parts
  service?.stop()
  const clients = await Promise.allSettled([gateway?.stop(), server?.stop()])
  const stopped = await Promise.allSettled(cores.map((core) => core.stop()))
  reactor?.close()
  region.remove()
  region.close()
  const failed = [...clients, ...stopped].find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
