import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import type { carillon } from '../../proto/generated/carillon.js'
import { CoreLink, type LostRecords } from '../bridge/core-link.ts'
import type { Core, CoreExit } from '../cores/core.ts'
import { type CoreKind, type CoreRunner, coreRunner } from '../cores/core-runner.ts'
import { CoreError } from '../cores/errors.ts'
import { type FaultReport, faultsBegun, readFaultReport } from '../cores/fault-record.ts'
import { type ImageVersion, imageVersion } from '../cores/firmware-symbols.ts'
import { errorCode, errorMessage } from '../errors.ts'
import { COMMAND, CORE_STATE, EVENT, Failure, LIMITS } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import type { RingRecord } from '../shm/spsc-ring-consumer.ts'
import { type CoreFault, faultFields, faultSentence, locateFault } from './core-fault.ts'
import { CoreSlots } from './core-slots.ts'
import {
  CoreStream,
  type CoreStreamHandler,
  decodeFailure,
  type StreamFormat,
} from './core-stream.ts'
import { CoreTrace } from './core-trace.ts'
import { EffectCatalogue, type EncodedEffect } from './effect-catalogue.ts'
import { ServiceError } from './errors.ts'
import { RestartPolicy } from './restart-policy.ts'
import { Watchdog } from './watchdog.ts'

/** From the start of the firmware to the description of its effects, in milliseconds; seen: 10. */
const START_TIMEOUT_MS = 10_000

/** How long a core may take to end after STOP before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 2_000

/**
 * How long a core's heartbeat may stand still before it is taken for hung, in milliseconds. The
 * heaviest block (the most channels, effects and taps) takes about a second on a core of its own.
 */
const SILENT_TIMEOUT_MS = 10_000

/** How long the process of a core that faulted may take to end by itself, in milliseconds. */
const FAULT_END_TIMEOUT_MS = 1_000

/** A core whose ring is found damaged this often since its start is started again. */
const DAMAGES_MAX = 3

/** The share of its ring that one stream may have in flight, so that others find room beside it. */
const IN_FLIGHT_SHARE = 1 / 8

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
   * milliseconds. Default {@link SILENT_TIMEOUT_MS}.
   */
  readonly silentTimeoutMs?: number
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
  /** Records that no stream was there for. */
  strayRecords = 0
  readonly #logger: Logger
  readonly #runner: CoreRunner
  readonly #link: CoreLink
  readonly #slots = new CoreSlots()
  readonly #restarts = new RestartPolicy()
  readonly #heartbeat: Watchdog
  readonly #region: SharedRegion
  readonly #trace: CoreTrace
  #process: Core | undefined
  #spawning: Promise<void> = Promise.resolve()
  #state: CoreState = 'offline'
  #describing = new EffectCatalogue()
  /** Of the link, when this process was started. */
  #damagesBefore = 0
  /** What the process was started from, and the faults that the core had begun to tell of before. */
  #image: ImageVersion | undefined
  #faultsBefore = 0
  /** The fault that ends the process. */
  #fault: CoreError | undefined
  #telling: Promise<void> = Promise.resolve()
  /** It is to run, now or soon. */
  #wanted = false
  #stopping: Promise<void> | undefined
  /** Times that it was started by its owner. */
  #starts = 0
  #restartTimer: NodeJS.Timeout | undefined
  #startTimer: NodeJS.Timeout | undefined

  constructor(options: ManagedCoreOptions) {
    super()
    this.index = options.core
    this.#region = options.region
    this.#logger = options.logger.child({ core: options.core })
    this.#runner = options.runner ?? coreRunner('hosted', options.region, options.firmware)
    this.#link = new CoreLink(options.region, options.core, () => this.#process?.ring(), {
      onLinked: (lost) => this.#onLinked(lost),
      onUnlinked: (reason) => this.#onUnlinked(reason),
      onRecord: (record, bytes) => this.#onRecord(record, bytes),
      onRoom: () => this.#slots.flush(),
    })
    this.#trace = new CoreTrace(options.region, options.core, this.status, this.#logger)
    const { silentTimeoutMs = SILENT_TIMEOUT_MS } = options
    this.#heartbeat = new Watchdog(
      silentTimeoutMs,
      () => this.status.heartbeat,
      () => this.#giveUp(`has shown no heartbeat for ${silentTimeoutMs} ms`),
    )
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
    return this.#heartbeat.silentMs
  }

  /** Streams that hold a slot. */
  get streamCount(): number {
    return this.#slots.size
  }

  /** How long ago each of them was opened, in milliseconds. */
  streamAgesMs(): number[] {
    return this.#slots.agesMs()
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
   * Takes up to two seconds where it does not answer.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
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
    const slot = this.#slots.findFree()
    if (slot < 0) {
      throw new ServiceError(
        'ERR_CARILLON_LIMIT',
        `core ${this.index} runs ${LIMITS.STREAMS_MAX} streams, which is all that it can`,
      )
    }
    const stream = new CoreStream({
      slot,
      handler,
      bytesInFlightMax: this.#link.toCore.capacity * IN_FLIGHT_SHARE,
      send: (type, slot, sequence, payload) => this.#send(stream, type, slot, sequence, payload),
    })
    this.#slots.take(stream)
    stream.open(format, effects)
    return stream
  }

  /** Looks whether the core has done something that no bell told of. */
  look(): void {
    // A core of a machine may run before it is this one's again.
    if (this.#process === undefined) return
    this.#trace.look()
    this.#onBell()
  }

  async #stop(): Promise<void> {
    this.#wanted = false
    // At once, so that it gets no new stream.
    this.#state = 'offline'
    clearTimeout(this.#restartTimer)
    clearTimeout(this.#startTimer)
    this.#heartbeat.stop()
    // A process that is being started sees that it is not wanted. Whether it could be is not asked.
    await this.#spawning.catch(() => {})
    const process = this.#process
    if (process !== undefined) {
      const told = this.#link.send(COMMAND.STOP, 0, 0, NOTHING)
      if (!told) process.kill()
      if (!(await process.ended(STOP_TIMEOUT_MS))) {
        this.#logger.warn({ code: 'ERR_CARILLON_CORE_TIMEOUT' }, 'core did not stop and was killed')
      }
      // The last that it told.
      this.#trace.look()
    }
    this.#process = undefined
    const stopped = new CoreError('ERR_CARILLON_CORE_LOST', `core ${this.index} was stopped`)
    this.#link.close(stopped)
    await this.#telling
    // Whoever still waits for the start learns of it.
    this.emit('lost', stopped)
  }

  #spawn(): Promise<void> {
    this.#spawning = this.#startProcess()
    return this.#spawning
  }

  async #startProcess(): Promise<void> {
    this.#state = 'starting'
    this.#damagesBefore = this.#link.damaged
    this.#restarts.started(performance.now())
    this.#fault = undefined
    this.#faultsBefore = faultsBegun(this.#region, this.index)
    this.#image = await imageVersion(this.#runner.firmware)
    const process = await this.#runner.start(this.index)
    if (!this.#wanted) {
      process.kill()
      await process.ended(STOP_TIMEOUT_MS)
      return
    }
    this.#process = process
    // One that has been replaced may still ring, or end.
    process.on('bell', () => process === this.#process && this.#onBell())
    process.once('exit', (exit) => process === this.#process && this.#onExit(exit))
    this.#heartbeat.start()
    this.#expectRunning()
    this.#onBell()
  }

  #onBell(): void {
    if (!this.#hasFaulted()) this.#link.onBell()
  }

  #expectRunning(): void {
    clearTimeout(this.#startTimer)
    this.#startTimer = setTimeout(
      () => this.#giveUp(`did not describe itself in ${START_TIMEOUT_MS} ms`),
      START_TIMEOUT_MS,
    )
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
    if (this.#fault !== undefined) return true
    // Acquire, both: the state is stored after the record.
    if (!hasEnded && this.status.state !== CORE_STATE.FAULTED) return false
    if (faultsBegun(this.#region, this.index) === this.#faultsBefore) return false
    const report = readFaultReport(this.#region, this.index)
    const error = new CoreError('ERR_CARILLON_CORE_FAULT', faultSentence(this.index, report))
    this.#fault = error
    this.#heartbeat.stop()
    clearTimeout(this.#startTimer)
    this.#trace.look()
    this.#telling = this.#tellFault(report, this.#slots.size)
    this.#link.unlink(error)
    this.#state = 'crashed'
    this.#endFaulted()
    return true
  }

  async #tellFault(report: FaultReport | undefined, streams: number): Promise<void> {
    const fault = await locateFault(this.index, report, this.#image)
    const code = 'ERR_CARILLON_CORE_FAULT'
    this.#logger.error({ code, streams, ...faultFields(fault) }, fault.message)
    this.emit('fault', fault)
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
    this.#heartbeat.stop()
    clearTimeout(this.#startTimer)
    if (!this.#wanted) return
    this.#trace.look()
    const error =
      this.#hasFaulted(true) && this.#fault !== undefined ? this.#fault : this.#lostBy(exit)
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
    const lost = this.#slots.clear()
    // A fault has a line of its own.
    if (this.#wanted && this.#fault === undefined) {
      this.#state = 'starting'
      const code = errorCode(reason)
      this.#logger.warn({ code, streams: lost.length }, `rings out of use: ${reason.message}`)
    }
    for (const stream of lost) stream.handler.onLost(reason)
    if (!this.#wanted || this.#process === undefined || this.#fault !== undefined) return
    this.#expectRunning()
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

  #send(
    stream: CoreStream,
    type: number,
    slot: number,
    sequence: number,
    payload: Uint8Array,
  ): boolean {
    if (this.#link.send(type, slot, sequence, payload)) return true
    // A stream that outlived its core sends into the void; its owner has been told.
    if (this.#slots.get(slot) !== stream) return true
    this.#slots.addWaiting(stream)
    return false
  }

  #onRecord(record: RingRecord, bytes: Uint8Array): void {
    const payload = bytes.subarray(record.offset, record.offset + record.length)
    if (record.type === EVENT.EFFECT_INFO) {
      if (!this.#describing.add(record.sequence, payload)) this.strayRecords++
    } else if (record.type === EVENT.DESCRIBED) {
      this.#onDescribed()
    } else {
      const stream = this.#slots.get(record.stream)
      if (stream === undefined) this.strayRecords++
      else this.#onStreamRecord(stream, record, payload)
    }
  }

  #onDescribed(): void {
    if (this.#state !== 'starting') {
      this.strayRecords++
      return
    }
    clearTimeout(this.#startTimer)
    this.catalogue = this.#describing
    this.#state = 'running'
    this.emit('running')
  }

  #onStreamRecord(stream: CoreStream, record: RingRecord, payload: Uint8Array): void {
    switch (record.type) {
      case EVENT.SAMPLES:
        stream.onSamples(record.sequence, payload)
        break
      case EVENT.STARTED:
        stream.handler.onStarted()
        break
      case EVENT.FAILED:
        // A CLOSE that crossed it will be answered as well: the slot is kept for that.
        if (!stream.isClosing) this.#slots.free(stream)
        if (payload.byteLength >= Failure.bytes) stream.handler.onFailed(decodeFailure(payload))
        else stream.handler.onLost(new CoreError('ERR_CARILLON_CORE_LOST', 'malformed failure'))
        break
      case EVENT.CLOSED:
        this.#slots.free(stream)
        stream.handler.onClosed()
        break
      default:
        this.strayRecords++
    }
  }
}

function ringOf(ring: CoreLink['toCore']): carillon.v1.Ring.$Properties {
  const { capacity, usedBytes, records, full } = ring
  return { capacityBytes: capacity, usedBytes, records, full }
}
