import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import type { carillon } from '../../proto/generated/carillon.js'
import { CoreLink } from '../bridge/core-link.ts'
import { CoreError } from '../cores/errors.ts'
import { type CoreExit, HostedCore } from '../cores/hosted-core.ts'
import { COMMAND, EVENT, Failure, LIMITS } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import type { RingRecord } from '../shm/spsc-ring-consumer.ts'
import {
  CoreStream,
  type CoreStreamHandler,
  decodeFailure,
  type StreamFormat,
} from './core-stream.ts'
import { EffectCatalogue, type EncodedEffect } from './effect-catalogue.ts'
import { ServiceError } from './errors.ts'

/** From the start of the firmware to the description of its effects, in milliseconds; seen: 10. */
const START_TIMEOUT_MS = 10_000

/** How long a core may take to end after STOP before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 2_000

/** A core that ends sooner than this after its start is started again only after a pause. */
const SETTLED_MS = 1_000

/** The pause before a core is started again: doubled each time that it ends at once. */
const RESTART_DELAY_MS_MIN = 100
const RESTART_DELAY_MS_MAX = 5_000

const NOTHING = new Uint8Array(0)

export type CoreState = 'offline' | 'starting' | 'running' | 'crashed'

export interface ManagedCoreOptions {
  readonly region: SharedRegion
  readonly core: number
  /** Path of the hosted firmware's executable, where it is not the one that was built here. */
  readonly firmware?: string
  readonly logger: Logger
}

interface ManagedCoreEvents {
  /** The core runs and has described its effects. */
  running: []
  /** The core ended or left its rings; its streams are lost. It is started again. */
  lost: [error: Error]
}

/** A core with its process, its link and its streams: started, watched, started again. */
export class ManagedCore extends EventEmitter<ManagedCoreEvents> {
  readonly index: number
  readonly kind = 'hosted'
  /** The effects of the firmware that runs now. */
  catalogue = new EffectCatalogue()
  /** Records that no stream was there for. */
  strayRecords = 0
  readonly #options: ManagedCoreOptions
  readonly #logger: Logger
  readonly #link: CoreLink
  readonly #streams: (CoreStream | undefined)[] = new Array(LIMITS.STREAMS_MAX)
  readonly #blocked = new Set<CoreStream>()
  #process: HostedCore | undefined
  #state: CoreState = 'offline'
  #describing = new EffectCatalogue()
  #stopping = false
  #startedAtMs = 0
  #restartDelayMs = RESTART_DELAY_MS_MIN
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: ManagedCoreOptions) {
    super()
    this.index = options.core
    this.#options = options
    this.#logger = options.logger.child({ core: options.core })
    this.#link = new CoreLink(options.region, options.core, () => this.#process?.ring(), {
      onLinked: () => this.#describe(),
      onUnlinked: (reason) => this.#lose(reason),
      onRecord: (record, bytes) => this.#onRecord(record, bytes),
      onRoom: () => this.#onRoom(),
    })
  }

  get state(): CoreState {
    return this.#state
  }

  /** Streams that hold a slot. */
  get streamCount(): number {
    return this.#streams.reduce((count, stream) => count + (stream === undefined ? 0 : 1), 0)
  }

  /** The longest block that a stream takes, in bytes. */
  get blockBytesMax(): number {
    return this.#link.payloadBytesMax
  }

  get status(): CoreLink['status'] {
    return this.#link.status
  }

  /** The rings as the protocol describes them. */
  get rings(): carillon.v1.Ring.$Properties[] {
    const { toCore, fromCore } = this.#link
    return [
      { direction: 'to-core', ...ringOf(toCore) },
      { direction: 'from-core', ...ringOf(fromCore) },
    ]
  }

  /**
   * Starts the core. From then on it is started again whenever it ends.
   *
   * @throws {CoreError} where it does not come up.
   */
  async start(): Promise<void> {
    await this.#spawn()
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          settle(
            new CoreError(
              'ERR_CARILLON_CORE_TIMEOUT',
              `core ${this.index} did not start in ${START_TIMEOUT_MS} ms`,
            ),
          ),
        START_TIMEOUT_MS,
      )
      const settle = (error?: Error) => {
        clearTimeout(timer)
        this.off('running', settle)
        this.off('lost', settle)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.on('running', settle)
      this.on('lost', settle)
    })
  }

  /**
   * Opens a stream in a free slot.
   *
   * @throws {ServiceError} where the core is not running or has no slot left.
   */
  openStream(
    format: StreamFormat,
    effects: readonly EncodedEffect[],
    handler: CoreStreamHandler,
  ): CoreStream {
    if (this.#state !== 'running') {
      throw new ServiceError(
        'ERR_CARILLON_CORE_UNAVAILABLE',
        `core ${this.index} is ${this.#state}; try again in a moment`,
      )
    }
    // Not findIndex: it is to find the holes of a sparse array as well.
    let slot = 0
    while (slot < LIMITS.STREAMS_MAX && this.#streams[slot] !== undefined) slot++
    if (slot === LIMITS.STREAMS_MAX) {
      throw new ServiceError(
        'ERR_CARILLON_LIMIT',
        `core ${this.index} runs ${LIMITS.STREAMS_MAX} streams, which is all that it can`,
      )
    }
    const stream = new CoreStream(slot, (...command) => this.#send(stream, ...command), handler)
    this.#streams[slot] = stream
    stream.open(format, effects)
    return stream
  }

  /** Stops the core for good. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
    const process = this.#process
    if (process !== undefined) {
      const told = this.#link.send(COMMAND.STOP, 0, 0, NOTHING)
      if (!told) process.kill()
      if (!(await process.ended(STOP_TIMEOUT_MS))) {
        this.#logger.warn({ code: 'ERR_CARILLON_CORE_TIMEOUT' }, 'core did not stop and was killed')
      }
    }
    this.#link.close(new CoreError('ERR_CARILLON_CORE_LOST', 'the server stops'))
    this.#state = 'offline'
  }

  async #spawn(): Promise<void> {
    const { region, firmware } = this.#options
    this.#state = 'starting'
    this.#startedAtMs = performance.now()
    const process = await HostedCore.start({
      region: region.path,
      core: this.index,
      ...(firmware === undefined ? {} : { firmware }),
    })
    this.#process = process
    process.on('bell', () => this.#link.onBell())
    process.once('exit', (exit) => this.#onExit(exit))
    this.#link.onBell()
  }

  #onExit(exit: CoreExit): void {
    this.#process = undefined
    if (this.#stopping) return
    const how = exit.signal ?? `code ${exit.code}`
    const error = new CoreError(
      'ERR_CARILLON_CORE_LOST',
      `core ${this.index} ended (${how})${exit.stderr === '' ? '' : `: ${exit.stderr}`}`,
    )
    const wasLinked = this.#link.isLinked
    this.#link.unlink(error)
    if (!wasLinked) this.#lose(error)
    this.#state = 'crashed'
    this.#planRestart()
  }

  #planRestart(): void {
    const settled = performance.now() - this.#startedAtMs > SETTLED_MS
    if (settled) this.#restartDelayMs = RESTART_DELAY_MS_MIN
    const delayMs = settled ? 0 : this.#restartDelayMs
    this.#restartDelayMs = Math.min(2 * this.#restartDelayMs, RESTART_DELAY_MS_MAX)
    this.#restartTimer = setTimeout(() => {
      this.#spawn().catch((error) => {
        this.#logger.error({ err: error }, 'core could not be started again')
        this.#state = 'crashed'
        this.#planRestart()
      })
    }, delayMs)
  }

  #describe(): void {
    this.#describing = new EffectCatalogue()
    this.#link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
  }

  #lose(error: Error): void {
    this.#state = 'starting'
    if (!this.#stopping) this.#logger.error({ err: error, streams: this.streamCount }, 'core lost')
    const lost = this.#streams.splice(0, this.#streams.length)
    this.#streams.length = LIMITS.STREAMS_MAX
    this.#blocked.clear()
    for (const stream of lost) stream?.handler.onLost(error)
    if (!this.#stopping) this.emit('lost', error)
  }

  #send(
    stream: CoreStream,
    type: number,
    slot: number,
    sequence: number,
    payload: Uint8Array,
  ): boolean {
    // A stream that outlived its core sends into the void; its owner has been told.
    if (this.#streams[slot] !== stream) return true
    if (this.#link.send(type, slot, sequence, payload)) return true
    this.#blocked.add(stream)
    return false
  }

  /** In the order in which they found no room, so that none waits for ever. */
  #onRoom(): void {
    for (const stream of [...this.#blocked]) {
      this.#blocked.delete(stream)
      if (!stream.flush()) return
    }
  }

  #onRecord(record: RingRecord, bytes: Uint8Array): void {
    const payload = bytes.subarray(record.offset, record.offset + record.length)
    if (record.type === EVENT.EFFECT_INFO) {
      this.#describing.add(record.sequence, payload)
    } else if (record.type === EVENT.DESCRIBED) {
      this.catalogue = this.#describing
      this.#state = 'running'
      this.emit('running')
    } else {
      const stream = this.#streams[record.stream]
      if (stream === undefined) this.strayRecords++
      else this.#onStreamRecord(stream, record, payload)
    }
  }

  #onStreamRecord(stream: CoreStream, record: RingRecord, payload: Uint8Array): void {
    switch (record.type) {
      case EVENT.SAMPLES:
        stream.handler.onSamples(record.sequence, payload)
        break
      case EVENT.STARTED:
        stream.handler.onStarted()
        break
      case EVENT.FAILED:
        this.#free(stream)
        if (payload.byteLength >= Failure.bytes) stream.handler.onFailed(decodeFailure(payload))
        else stream.handler.onLost(new CoreError('ERR_CARILLON_CORE_LOST', 'malformed failure'))
        break
      case EVENT.CLOSED:
        this.#free(stream)
        stream.handler.onClosed()
        break
      default:
        this.strayRecords++
    }
  }

  #free(stream: CoreStream): void {
    this.#streams[stream.slot] = undefined
    this.#blocked.delete(stream)
  }
}

function ringOf(ring: CoreLink['toCore']): carillon.v1.Ring.$Properties {
  const { capacity, usedBytes, records, full } = ring
  return { capacityBytes: capacity, usedBytes, records, full }
}
