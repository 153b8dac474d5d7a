import type { Logger } from 'pino'
import type { carillon } from '../../proto/generated/carillon.js'
import { PROTOCOL_VERSION, ServerMessage } from '../../proto/messages.ts'
import { ArgumentError, type ErrorCode } from '../errors.ts'
import { RegionError } from '../shm/errors.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { VERSION } from '../version.ts'
import { ClientSession, type SessionOwner } from './client-session.ts'
import type { ClientStream } from './client-stream.ts'
import { chooseCore } from './core-choice.ts'
import { CoreLoad } from './core-load.ts'
import { ServiceError } from './errors.ts'
import { SERVICE_LIMITS } from './limits.ts'
import type { ManagedCore } from './managed-core.ts'
import type { Peer, PeerHandler } from './peer.ts'
import { PluckedString } from './plucked-string.ts'
import { Scope } from './scope.ts'

/** How often the cores are looked at, and telemetry is sent to who wants it. */
const TICK_MS = 100

/** Clients in one Telemetry: what a page shows. Of all of them, each would get all, ten times a second. */
const CLIENTS_DESCRIBED_MAX = 64

export interface DspServiceOptions {
  /** Running cores, at least one. */
  readonly cores: readonly ManagedCore[]
  /** The region that is shared with the cores. */
  readonly region: SharedRegion
  readonly logger: Logger
}

/** What clients reach, over whatever transport: their sessions, and the cores behind them. */
export class DspService implements SessionOwner {
  readonly logger: Logger
  readonly #options: DspServiceOptions
  readonly #sessions = new Set<ClientSession>()
  /** The streams of clients, in the order in which they were opened. */
  readonly #streams = new Set<ClientStream>()
  readonly #string: PluckedString
  readonly #scope: Scope
  readonly #loads: Map<ManagedCore, CoreLoad>
  readonly #startedAtMs = performance.now()
  readonly #onRunning = () => this.#chooseSource()
  #stopped = false
  #isRegionLost = false
  #heard: ClientStream | undefined
  #lastSession = 0
  readonly #timer: NodeJS.Timeout

  constructor(options: DspServiceOptions) {
    this.#options = options
    this.logger = options.logger
    const [first] = options.cores
    if (first === undefined) throw new ArgumentError('a service needs a core')
    this.#loads = new Map(options.cores.map((core) => [core, new CoreLoad()]))
    this.#scope = new Scope((message) => this.#sendTo(message, (session) => session.wantsScope))
    this.#string = new PluckedString(first, this.logger, (data) => this.#scope.add(data))
    first.on('running', this.#onRunning)
    this.#chooseSource()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** A client has connected: what answers it. */
  connect(peer: Peer): PeerHandler {
    this.#lastSession++
    const session = new ClientSession(this.#lastSession, peer, this)
    this.#sessions.add(session)
    return session
  }

  /** Ends what the service does by itself. The transports close the clients. */
  stop(): void {
    this.#stopped = true
    this.#options.cores[0]?.off('running', this.#onRunning)
    clearInterval(this.#timer)
    this.#scope.setWanted(false)
    this.#string.stop()
  }

  welcome(): carillon.v1.Welcome.$Properties {
    const { cores, region } = this.#options
    return {
      protocolVersion: PROTOCOL_VERSION,
      server: `carillon/${VERSION}`,
      session: region.session,
      limits: {
        ...SERVICE_LIMITS,
        maxBlockSamples: Math.floor(Math.min(...cores.map((core) => core.blockBytesMax)) / 4),
      },
      cores: this.#describeCores(),
    }
  }

  describe(): carillon.v1.Description.$Properties {
    const running = this.#options.cores.find((core) => core.state === 'running')
    return { effects: running?.catalogue.describe() ?? [], cores: this.#describeCores() }
  }

  chooseCore(asked?: number): ManagedCore {
    const { cores } = this.#options
    if (asked !== undefined) return this.#coreAt(asked)
    const chosen = chooseCore(
      cores.map((core) => ({
        core,
        isRunning: core.state === 'running',
        silentMs: core.silentMs,
        streams: core.streamCount,
        load: this.#loads.get(core)?.share ?? 0,
        streamAgesMs: core.streamAgesMs(),
      })),
    )
    if (chosen !== undefined) return chosen.core
    const running = cores.filter(({ state }) => state === 'running').length
    if (running === 0) {
      throw new ServiceError(
        'ERR_CARILLON_CORE_UNAVAILABLE',
        'no core is running now; try again in a moment',
      )
    }
    throw new ServiceError(
      'ERR_CARILLON_LIMIT',
      `all cores that run (${running}) have ${LIMITS.STREAMS_MAX} streams, which is all that they can`,
    )
  }

  /** Whether it runs and has a slot is for the core to say. */
  #coreAt(index: number): ManagedCore {
    const { cores } = this.#options
    const core = cores.find((each) => each.index === index)
    if (core !== undefined) return core
    const indexes = cores.map((each) => each.index).join(', ')
    throw new ServiceError(
      'ERR_CARILLON_UNKNOWN_CORE',
      `there is no core ${index}: the server's cores are ${indexes}`,
    )
  }

  onSubscribed(): void {
    if (this.#stopped) return
    this.#scope.setWanted(this.#isScopeWanted)
    this.#chooseSource()
  }

  get #isScopeWanted(): boolean {
    return [...this.#sessions].some((session) => session.wantsScope)
  }

  onStreamOpened(_session: ClientSession, stream: ClientStream): void {
    this.#streams.add(stream)
    this.#chooseSource()
  }

  onStreamEnded(_session: ClientSession, stream: ClientStream): void {
    if (this.#streams.delete(stream)) this.#chooseSource()
  }

  onStreamSamples(stream: ClientStream, memory: Uint8Array, start: number, end: number): void {
    if (stream === this.#heard) this.#scope.add(memory.subarray(start, end))
  }

  onClosed(session: ClientSession): void {
    this.#sessions.delete(session)
    this.onSubscribed()
  }

  /**
   * The newest stream of a client is heard; the string only while there is none, and somebody listens:
   * else a core would work, and its machine with it, for nobody.
   */
  #chooseSource(): void {
    if (this.#stopped) return
    const newest = [...this.#streams].at(-1)
    if (newest === undefined && this.#isScopeWanted) this.#string.start()
    else this.#string.stop()
    const playing = this.#string.isPlaying ? PluckedString.SOURCE : undefined
    if (newest !== undefined && newest === this.#heard) return
    this.#heard = newest
    this.#scope.setSource(
      newest === undefined
        ? playing
        : {
            name: newest.session.name || newest.session.peer.address,
            sampleRateHz: newest.format.sampleRateHz,
            channels: newest.format.channels,
          },
    )
  }

  #tick(): void {
    const { region, cores } = this.#options
    this.#keepRegion()
    const { hostStatus } = region.shared
    hostStatus.heartbeat = (hostStatus.heartbeat + 1) >>> 0
    for (const core of cores) {
      core.look()
      const { boot, uptimeUs, busyUs } = core.status
      this.#loads.get(core)?.read(boot, uptimeUs, busyUs)
    }
    // The string may have found no free slot while the streams before it were being closed.
    if (this.#streams.size === 0 && this.#isScopeWanted && !this.#string.isPlaying) {
      this.#chooseSource()
    }
    if ([...this.#sessions].some((session) => session.wantsTelemetry)) this.#sendTelemetry()
  }

  /** What another process has done to the region is told and mended. */
  #keepRegion(): void {
    const { region } = this.#options
    // Looked at first: where it touches what is gone, that is what is known then, and is the reason.
    const { isIntact } = region
    if (region.isTruncated) {
      this.#renewRegion('ERR_CARILLON_REGION_TRUNCATED', `${region.path} was cut short`)
    } else if (!isIntact) {
      this.#renewRegion(
        'ERR_CARILLON_REGION_DAMAGED',
        `the head of ${region.path} was written over`,
      )
    }
  }

  /** Where it cannot be mended, that is told once, and tried again at each tick. */
  #renewRegion(code: ErrorCode, what: string): void {
    const why = `${what} by another process`
    try {
      this.#options.region.renew()
      this.logger.error({ code }, `${why}; all cores start anew`)
      this.#isRegionLost = false
    } catch (error) {
      if (!(error instanceof RegionError)) throw error
      if (!this.#isRegionLost) {
        this.logger.error({ code, err: error }, `${why}, and no core can run: ${error.message}`)
      }
      this.#isRegionLost = true
    }
  }

  #sendTelemetry(): void {
    const telemetry: carillon.v1.Telemetry.$Properties = {
      uptimeS: (performance.now() - this.#startedAtMs) / 1000,
      cores: this.#describeCores(),
      clients: [...this.#sessions].slice(-CLIENTS_DESCRIBED_MAX).reverse().map(describeClient),
      clientCount: this.#sessions.size,
    }
    const message = ServerMessage.encode({ telemetry }).finish()
    this.#sendTo(message, (session) => session.wantsTelemetry)
  }

  #sendTo(message: Uint8Array, wanted: (session: ClientSession) => boolean): void {
    for (const session of this.#sessions) {
      if (wanted(session)) session.sendSnapshot(message)
    }
  }

  #describeCores(): carillon.v1.Core.$Properties[] {
    return this.#options.cores.map((core) => {
      const { boot, heartbeat, blocks, overruns } = core.status
      return {
        index: core.index,
        state: core.state,
        kind: core.kind,
        bootCount: boot,
        heartbeat,
        streams: core.streamCount,
        load: this.#loads.get(core)?.share ?? 0,
        blocks,
        overruns,
        rings: core.rings,
      }
    })
  }
}

function describeClient(session: ClientSession): carillon.v1.Client.$Properties {
  const { peer } = session
  return {
    id: session.id,
    name: session.name,
    address: peer.address,
    transport: peer.transport,
    streams: session.streamCount,
    ...peer.counters,
    queuedBytes: peer.queuedBytes,
  }
}
