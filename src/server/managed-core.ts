import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import type { carillon } from '../../proto/generated/carillon.js'
import { CoreLink, type LostRecords } from '../bridge/core-link.ts'
import type { Core, CoreExit } from '../cores/core.ts'
import type { CoreKind } from '../cores/core-kind.ts'
import type { CoreRunner } from '../cores/core-runner.ts'
import { CoreError } from '../cores/errors.ts'
import { makeCoreRunner } from '../cores/make-core-runner.ts'
import { errorCode, errorMessage } from '../errors.ts'
import { COMMAND, CORE_STATE, EVENT } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import type { RingRecord } from '../shm/spsc-ring-consumer.ts'
import type { CoreFault } from './core-fault.ts'
import { CorePatience } from './core-patience.ts'
import type { CoreStream, CoreStreamHandler, StreamFormat } from './core-stream.ts'
import { CoreStreams } from './core-streams.ts'
import { CoreTrace } from './core-trace.ts'
import { EffectCatalogue, type EncodedEffect } from './effect-catalogue.ts'
import { ServiceError } from './errors.ts'
import { FaultWatch } from './fault-watch.ts'
import { RestartPolicy } from './restart-policy.ts'

/** How long a core may take to end after STOP before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 2_000

/** How long the process of a core that faulted may take to end by itself, in milliseconds. */
const FAULT_END_TIMEOUT_MS = 1_000

/** A core whose ring is found damaged this often since its start is started again. */
const DAMAGES_MAX = 3

const NOTHING = new Uint8Array(0)

export type CoreState = 'offline' | 'starting' | 'running' | 'crashed'

export interface ManagedCoreOptions {
  readonly region: SharedRegion
  /** Index of the core in the region. */
  readonly core: number
  /** What runs it, shared with the other cores of the region. Default: a process of this machine. */
  readonly runner?: CoreRunner
  /** Path of the hosted firmware's executable, where it is not the one that was built here. */
  readonly firmware?: string
  /**
   * How long its heartbeat may stand still before it is taken for hung and started again, in
   * milliseconds. Default 10,000.
   */
  readonly silentTimeoutMs?: number
  /**
   * Sends what was sent of the region's memory, now: the core writes there again. Default: nothing is
   * sent from there later than it is asked for.
   */
  readonly flush?: () => void
  readonly logger: Logger
}

interface ManagedCoreEvents {
  /** The core runs and has described its effects. */
  running: []
  /** The core ended or left its rings; its streams are lost. It is started again. */
  lost: [error: Error]
  /** The core faulted, and where in its source is known. It ends and is started again. */
  fault: [fault: CoreFault]
}

/** A core with its process, its link and its streams: started, watched, started again. */
export class ManagedCore extends EventEmitter<ManagedCoreEvents> {
  readonly index: number
  /** The effects of the firmware that runs now. */
  catalogue = new EffectCatalogue()
  readonly #logger: Logger
  readonly #runner: CoreRunner
  readonly #link: CoreLink
  readonly #streams: CoreStreams
  readonly #restarts = new RestartPolicy()
  readonly #patience: CorePatience
  readonly #faults: FaultWatch
  readonly #trace: CoreTrace
  #process: Core | undefined
  #spawning: Promise<void> = Promise.resolve()
  /** Gives up what is being started. */
  #abandon = new AbortController()
  #state: CoreState = 'offline'
  #describing = new EffectCatalogue()
  /** What described effects at a time at which nothing was to be described, or wrongly. */
  #strayDescriptions = 0
  /** Of the link, when this process was started. */
  #damagesBefore = 0
  /** It is to run, now or soon. */
  #wanted = false
  #stopping: Promise<void> | undefined
  /** Times that it was started by its owner. */
  #starts = 0
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: ManagedCoreOptions) {
    super()
    this.index = options.core
    this.#logger = options.logger.child({ core: options.core })
    this.#runner = options.runner ?? makeCoreRunner('hosted', options.region, options.firmware)
    this.#link = new CoreLink(options.region, options.core, () => this.#process?.ring(), {
      onLinked: (lost) => this.#onLinked(lost),
      onUnlinked: (reason) => this.#onUnlinked(reason),
      onRecord: (record, bytes) => this.#onRecord(record, bytes),
      onRoom: () => this.#streams.flush(),
      ...(options.flush !== undefined && { onRead: options.flush }),
    })
    this.#trace = new CoreTrace(options.region, options.core, this.status, this.#logger)
    this.#streams = new CoreStreams(options.core, this.#link)
    this.#patience = new CorePatience({
      silentTimeoutMs: options.silentTimeoutMs,
      readHeartbeat: () => this.status.heartbeat,
      onHung: (why) => this.#giveUp(why),
    })
    this.#faults = new FaultWatch({
      ...{ region: options.region, core: options.core, logger: this.#logger },
      onLocated: (fault) => this.emit('fault', fault),
    })
  }

  /** What runs it. */
  get kind(): CoreKind {
    return this.#runner.kind
  }

  get state(): CoreState {
    return this.#state
  }

  /** Of the process that runs it, perhaps others too; undefined while none does. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** How long its heartbeat has stood still, in milliseconds. */
  get silentMs(): number {
    return this.#patience.silentMs
  }

  /** Streams that hold a slot. */
  get streamCount(): number {
    return this.#streams.count
  }

  /** How long ago each of them was opened, in milliseconds. */
  streamAgesMs(): number[] {
    return this.#streams.agesMs()
  }

  /** Records that nobody was there for. */
  get strayRecords(): number {
    return this.#strayDescriptions + this.#streams.strayRecords
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
   * Starts the core, and resolves once it runs. From then on it is started again whenever it ends.
   *
   * @throws {CoreError} and others where it does not come up. It is offline then.
   */
  async start(): Promise<void> {
    if (this.#stopping !== undefined) await this.#stopping
    if (this.#state === 'running') return
    const isFirst = !this.#wanted
    const turn = isFirst ? ++this.#starts : this.#starts
    try {
      const first = this.#nextStart()
      if (isFirst) await this.#startWanted()
      await first
    } catch (error) {
      // Unless somebody else has stopped it, and perhaps started it again, meanwhile.
      if (isFirst && this.#wanted && turn === this.#starts) await this.stop()
      throw error
    }
  }

  /**
   * Stops the core: it ends, or parks. Its streams are lost. It stays offline until it is started.
   * Takes up to two seconds where it does not answer. One that is still starting is not waited for.
   *
   * @param why what its clients are told of the core.
   */
  stop(why = 'was stopped'): Promise<void> {
    this.#stopping ??= this.#stop(why).finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  /**
   * Stops the core and starts it again. Other cores go on, unless theirs is the same machine and this
   * one hangs with its interrupts masked.
   *
   * @throws {CoreError} and others, as `start`.
   */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Resolves when the core runs; rejects where it is lost before. */
  #nextStart(): Promise<void> {
    const next = new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        this.off('running', settle)
        this.off('lost', settle)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.on('running', settle)
      this.on('lost', settle)
    })
    // Where the process does not start, that is the error.
    next.catch(() => {})
    return next
  }

  async #startWanted(): Promise<void> {
    this.#wanted = true
    this.#link.open()
    await this.#spawn()
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
    return this.#streams.open(format, effects, handler)
  }

  /** Looks whether the core has done something that no bell told of. */
  look(): void {
    // A core of a machine may run before it is this one's again.
    if (this.#process === undefined) return
    this.#trace.look()
    this.#onBell()
  }

  async #stop(why: string): Promise<void> {
    this.#wanted = false
    const wasRunning = this.#state === 'running'
    // At once, so that it gets no new stream.
    this.#state = 'offline'
    const stopped = new CoreError('ERR_CARILLON_CORE_LOST', `core ${this.index} ${why}`)
    clearTimeout(this.#restartTimer)
    this.#patience.end()
    this.#abandon.abort(stopped)
    // Whether it could be started is not asked.
    await this.#spawning.catch(() => {})
    const process = this.#process
    if (process !== undefined) {
      // One that has not come up has nothing to bring to an end, and may never hear of it.
      const told = wasRunning && this.#link.send(COMMAND.STOP, 0, 0, NOTHING)
      if (!told) process.kill()
      if (!(await process.ended(STOP_TIMEOUT_MS))) {
        this.#logger.warn({ code: 'ERR_CARILLON_CORE_TIMEOUT' }, 'core did not stop and was killed')
      }
      // The last that it told.
      this.#trace.look()
    }
    this.#process = undefined
    this.#link.close(stopped)
    await this.#faults.told
    // Whoever still waits for the start learns of it.
    this.emit('lost', stopped)
  }

  #spawn(): Promise<void> {
    this.#spawning = this.#startProcess()
    return this.#spawning
  }

  async #startProcess(): Promise<void> {
    this.#state = 'starting'
    this.#abandon = new AbortController()
    this.#damagesBefore = this.#link.damaged
    this.#restarts.started(performance.now())
    const { signal } = this.#abandon
    this.#faults.begin(await this.#runner.imageVersion())
    const process = await this.#runner.start(this.index, signal)
    if (!this.#wanted) {
      process.kill()
      await process.ended(STOP_TIMEOUT_MS)
      return
    }
    this.#process = process
    // One that has been replaced may still ring, or end.
    process.on('bell', () => process === this.#process && this.#onBell())
    process.once('exit', (exit) => process === this.#process && this.#onExit(exit))
    this.#patience.begin()
    this.#onBell()
  }

  #onBell(): void {
    if (!this.#hasFaulted()) this.#link.onBell()
  }

  /** Kills a core that cannot be worked with; its exit starts it again. */
  #giveUp(why: string): void {
    this.#logger.error({ code: 'ERR_CARILLON_CORE_TIMEOUT' }, `core ${this.index} ${why}`)
    this.#process?.kill()
  }

  /**
   * Whether the core has faulted. Who finds it first tells of it, and ends what is left of the core.
   *
   * @param hasEnded it did not come so far as to say so, perhaps.
   */
  #hasFaulted(hasEnded = false): boolean {
    if (this.#faults.error !== undefined) return true
    // Acquire, both: the state is stored after the record.
    if (!hasEnded && this.status.state !== CORE_STATE.FAULTED) return false
    const tell = this.#faults.find()
    if (tell === undefined || this.#faults.error === undefined) return false
    this.#patience.end()
    this.#trace.look()
    tell(this.#streams.count)
    this.#link.unlink(this.#faults.error)
    this.#state = 'crashed'
    this.#endFaulted()
    return true
  }

  /**
   * Ends what is left of a core that faulted. Its exit starts it again, as after any other end: after
   * a pause where it has not run for long.
   */
  #endFaulted(): void {
    // A process ends by its own signal. Bare metal has parked itself, and is given up here.
    if (this.#process?.kind === 'hosted') void this.#process.ended(FAULT_END_TIMEOUT_MS)
    else this.#process?.kill()
  }

  #onExit(exit: CoreExit): void {
    this.#process = undefined
    this.#patience.end()
    if (!this.#wanted) return
    this.#trace.look()
    this.#hasFaulted(true)
    const error = this.#faults.error ?? this.#lostBy(exit)
    this.#link.unlink(error)
    this.#state = 'crashed'
    this.emit('lost', error)
    this.#planRestart()
  }

  #lostBy(exit: CoreExit): CoreError {
    const how = exit.signal ?? `code ${exit.code}`
    const error = new CoreError(
      'ERR_CARILLON_CORE_LOST',
      `core ${this.index} ended (${how})${exit.stderr === '' ? '' : `: ${exit.stderr}`}`,
    )
    this.#logger.error({ code: error.code }, error.message)
    return error
  }

  #planRestart(): void {
    this.#restartTimer = setTimeout(() => {
      this.#spawn().catch((error) => {
        if (!this.#wanted) return
        const why = `core ${this.index} could not be started again: ${errorMessage(error)}`
        this.#logger.error({ code: errorCode(error) }, why)
        this.#state = 'crashed'
        this.#planRestart()
      })
    }, this.#restarts.ended(performance.now()))
  }

  #onUnlinked(reason: Error): void {
    const lost = this.#streams.clear()
    // A fault has a line of its own.
    if (this.#wanted && this.#faults.error === undefined) {
      this.#state = 'starting'
      const code = errorCode(reason)
      this.#logger.warn({ code, streams: lost.length }, `rings out of use: ${reason.message}`)
    }
    // One that is stopped leaves its rings because of that.
    const told: Error = this.#wanted ? reason : this.#abandon.signal.reason
    for (const stream of lost) stream.handler.onLost(told)
    if (!this.#wanted || this.#process === undefined || this.#faults.error !== undefined) return
    this.#patience.expectDescription()
    const damages = this.#link.damaged - this.#damagesBefore
    if (damages >= DAMAGES_MAX) this.#giveUp(`has damaged its rings ${damages} times`)
  }

  #onLinked({ toCore, fromCore }: LostRecords): void {
    if (toCore + fromCore > 0) {
      this.#logger.warn({ toCore, fromCore }, `${toCore + fromCore} records were lost in the rings`)
    }
    this.#describe()
  }

  #describe(): void {
    this.#describing = new EffectCatalogue()
    this.#link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
  }

  #onRecord(record: RingRecord, bytes: Uint8Array): void {
    if (record.type === EVENT.EFFECT_INFO) {
      const payload = bytes.subarray(record.offset, record.offset + record.length)
      if (!this.#describing.add(record.sequence, payload)) this.#strayDescriptions++
    } else if (record.type === EVENT.DESCRIBED) {
      this.#onDescribed()
    } else {
      this.#streams.onRecord(record, bytes)
    }
  }

  #onDescribed(): void {
    if (this.#state !== 'starting') {
      this.#strayDescriptions++
      return
    }
    this.#patience.described()
    this.catalogue = this.#describing
    this.#state = 'running'
    this.emit('running')
  }
}

function ringOf(ring: CoreLink['toCore']): carillon.v1.Ring.$Properties {
  const { capacity, usedBytes, records, full } = ring
  return { capacityBytes: capacity, usedBytes, records, full }
}
