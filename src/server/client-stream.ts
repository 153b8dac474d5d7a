import type { carillon } from '../../proto/generated/carillon.js'
import { CoreError } from '../cores/errors.ts'
import { type CarillonError, errorCode } from '../errors.ts'
import { NONE, STATUS } from '../shm/shared-mem.ts'
import type { ClientSession } from './client-session.ts'
import type { CoreStream, CoreStreamHandler, StreamFailure, StreamFormat } from './core-stream.ts'
import { ServiceError } from './errors.ts'
import { SERVICE_LIMITS } from './limits.ts'
import type { ManagedCore } from './managed-core.ts'

const BYTES_PER_SAMPLE = 4

export interface ClientStreamOptions {
  /** Its name on the client's connection. */
  readonly id: number
  /** The request that opens it. */
  readonly request: number
  readonly open: carillon.v1.OpenStream.$Properties
  readonly session: ClientSession
  readonly core: ManagedCore
  readonly onOpened: () => void
  /** Samples have come: the bytes from `start` to `end` of `memory`, valid until it returns. */
  readonly onSamples: (memory: Uint8Array, start: number, end: number) => void
  /** Its slot on the core is free again. Once, and the last. */
  readonly onReleased: () => void
}

/** A stream between a client and a core. */
export class ClientStream implements CoreStreamHandler {
  readonly id: number
  readonly session: ClientSession
  readonly core: ManagedCore
  readonly format: StreamFormat
  readonly #options: ClientStreamOptions
  #coreStream: CoreStream | undefined
  #opened = false
  /** As the session knows it. */
  #isBlocked = false
  /** The client has been told; what the core still sends is not for it. */
  #ended = false
  #closeRequest = 0
  #blocksIn = 0
  #blocksOut = 0

  /** @throws {ServiceError} where the format is out of range. */
  constructor(options: ClientStreamOptions) {
    this.#options = options
    this.id = options.id
    this.session = options.session
    this.core = options.core
    this.format = checkedFormat(options.open)
  }

  /** Whether the client has asked to close it. */
  get isClosing(): boolean {
    return this.#coreStream?.isClosing ?? false
  }

  /** @throws {ServiceError} where an effect is not known to the core, or the core has no room. */
  start(): void {
    const { core, open } = this.#options
    const effects = open.effects ?? []
    if (effects.length > SERVICE_LIMITS.maxEffectsPerStream) {
      throw new ServiceError(
        'ERR_CARILLON_LIMIT',
        `a stream has at most ${SERVICE_LIMITS.maxEffectsPerStream} effects, not ${effects.length}`,
      )
    }
    const encoded = effects.map((effect, position) =>
      core.catalogue.encode(effect, position, core.blockBytesMax),
    )
    this.#coreStream = core.openStream(this.format, encoded, this)
    this.#updateBlocked()
  }

  /**
   * Passes a block on, the bytes from `start` to `end` of `source`. Whatever is wrong with it ends the stream: the blocks that follow could not
   * be told apart from it.
   */
  send(sequence: number, source: Uint8Array, start: number, end: number): void {
    const wrong = this.#wrongBlock(sequence, end - start)
    if (wrong !== undefined) {
      this.#end(wrong)
      this.#coreStream?.abandon()
      return
    }
    // Where there is no room, the block stays where it was received, if it can.
    const hasRoom = this.#coreStream?.offer(sequence, source, start, end) ?? true
    const isPutBack = !hasRoom && this.session.putBack()
    if (!hasRoom && !isPutBack) this.#coreStream?.queue(sequence, source.subarray(start, end))
    if (!isPutBack) this.#blocksIn++
    this.#updateBlocked()
  }

  /** Ends the stream after the blocks that were sent. */
  close(request: number): void {
    this.#closeRequest = request
    this.#coreStream?.close()
    this.#updateBlocked()
  }

  /** Ends the stream of a client that has gone. */
  abandon(): void {
    this.#ended = true
    this.#coreStream?.abandon()
  }

  onStarted(): void {
    if (this.#ended) return
    this.#opened = true
    const { request } = this.#options
    this.session.send(request, { streamOpened: { stream: this.id, core: this.core.index } })
    this.#options.onOpened()
  }

  onFailed(failure: StreamFailure): void {
    this.#end(this.#explain(failure))
    // Where a CLOSE is on its way, CLOSED still comes.
    if (!this.isClosing) this.#options.onReleased()
  }

  onSamples(sequence: number, memory: Uint8Array, start: number, end: number): void {
    if (this.#ended) return
    this.#blocksOut++
    this.session.sendSamples(this.id, sequence, memory, start, end)
    this.session.updateReading()
    this.#options.onSamples(memory, start, end)
  }

  onFlushed(): void {
    this.#updateBlocked()
    this.session.updateReading()
  }

  onClosed(): void {
    if (!this.#ended) {
      this.#ended = true
      this.session.send(this.#closeRequest, {
        streamClosed: { stream: this.id, blocksIn: this.#blocksIn, blocksOut: this.#blocksOut },
      })
      this.session.forget(this)
    }
    this.#options.onReleased()
  }

  onLost(error: Error): void {
    const lost = this.#blocksIn - this.#blocksOut
    this.#end(
      new CoreError(
        errorCode(error) === 'ERR_CARILLON_CORE_FAULT'
          ? 'ERR_CARILLON_CORE_FAULT'
          : 'ERR_CARILLON_CORE_LOST',
        `${error.message}; ${lost} blocks were on their way`,
      ),
    )
    this.#options.onReleased()
  }

  /** While blocks wait for room the client should send no more. */
  #updateBlocked(): void {
    const isBlocked = !this.#ended && this.#coreStream?.isBlocked === true
    if (isBlocked === this.#isBlocked) return
    this.#isBlocked = isBlocked
    this.session.setBlocked(this, isBlocked)
  }

  #end(error: CarillonError): void {
    if (this.#ended) return
    this.#ended = true
    // Whatever request is open is answered by the error.
    if (!this.#opened) this.session.sendError(error, this.#options.request, this.id)
    if (this.#opened || this.#closeRequest !== 0) {
      this.session.sendError(error, this.#closeRequest, this.id)
    }
    this.session.forget(this)
  }

  #wrongBlock(sequence: number, bytes: number): ServiceError | undefined {
    const expected = this.#blocksIn >>> 0
    if (sequence !== expected) {
      return new ServiceError(
        'ERR_CARILLON_SEQUENCE',
        `stream ${this.id} wants block ${expected} next, not ${sequence}`,
      )
    }
    const frameBytes = BYTES_PER_SAMPLE * this.format.channels
    const { blockBytesMax } = this.core
    if (bytes === 0 || bytes % frameBytes !== 0 || bytes > blockBytesMax) {
      return new ServiceError(
        'ERR_CARILLON_FORMAT',
        `a block of stream ${this.id} is ${frameBytes} to ${blockBytesMax} bytes in whole frames of ${frameBytes}, not ${bytes}`,
      )
    }
    return undefined
  }

  #explain({ status, position, param }: StreamFailure): ServiceError {
    const effect = this.#options.open.effects?.[position]
    const where = effect === undefined || position === NONE ? '' : `${effect.name ?? ''}`
    if (status === STATUS.MEMORY) {
      return new ServiceError(
        'ERR_CARILLON_CORE_MEMORY',
        `core ${this.core.index} has no memory left for ${where}`,
      )
    }
    if (status === STATUS.VALUE && effect !== undefined) {
      const { sampleRateHz } = this.format
      return new ServiceError(
        'ERR_CARILLON_PARAMETER_RANGE',
        this.core.catalogue.explainRefusal(effect, param, sampleRateHz),
      )
    }
    return new ServiceError(
      'ERR_CARILLON_PROTOCOL',
      `core ${this.core.index} refused the stream with status ${status}${where === '' ? '' : ` at ${where}`}`,
    )
  }
}

function checkedFormat(open: carillon.v1.OpenStream.$Properties): StreamFormat {
  const sampleRateHz = open.sampleRateHz ?? 0
  const channels = open.channels ?? 0
  const { minSampleRateHz, maxSampleRateHz, maxChannels } = SERVICE_LIMITS
  if (sampleRateHz < minSampleRateHz || sampleRateHz > maxSampleRateHz) {
    throw new ServiceError(
      'ERR_CARILLON_FORMAT',
      `a sample rate is ${minSampleRateHz} to ${maxSampleRateHz} Hz, not ${sampleRateHz}`,
    )
  }
  if (channels < 1 || channels > maxChannels) {
    throw new ServiceError(
      'ERR_CARILLON_FORMAT',
      `a stream has 1 to ${maxChannels} channels, not ${channels}`,
    )
  }
  return { sampleRateHz, channels }
}
