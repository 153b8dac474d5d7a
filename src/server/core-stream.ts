import { COMMAND, Failure, OpenStream, STREAM_FLAG } from '../shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../shm/struct-view.ts'
import type { EncodedEffect } from './effect-catalogue.ts'

/** The samples of a stream. */
export interface StreamFormat {
  readonly sampleRateHz: number
  readonly channels: number
  /** For a stream that the core runs by its own clock: frames of each block. */
  readonly freeRunningFrames?: number
}

/** Why a core refused to start a stream. */
export interface StreamFailure {
  /** One of STATUS. */
  readonly status: number
  /** Place of the effect at fault in the chain, or NONE. */
  readonly position: number
  /** Index of the parameter at fault, or NONE. */
  readonly param: number
}

/** What a {@link CoreStream} tells its owner. */
export interface CoreStreamHandler {
  onStarted(): void
  /** The stream has ended. */
  onFailed(failure: StreamFailure): void
  /** `data` is valid until the call returns. */
  onSamples(sequence: number, data: Uint8Array): void
  /** Everything that was queued is on the ring. */
  onFlushed(): void
  /** The stream has ended as asked. */
  onClosed(): void
  /** The stream has ended: its core is gone. */
  onLost(error: Error): void
}

interface Command {
  readonly type: number
  readonly sequence: number
  readonly payload: Uint8Array
}

/** Puts a record on the ring, or says that there is no room. */
export type SendCommand = (
  type: number,
  stream: number,
  sequence: number,
  payload: Uint8Array,
) => boolean

const NOTHING = new Uint8Array(0)

export interface CoreStreamOptions {
  readonly slot: number
  readonly send: SendCommand
  readonly handler: CoreStreamHandler
  /** Bytes of samples that may be on their way; one block always may. */
  readonly bytesInFlightMax: number
}

/** One slot of a core, from OPEN to CLOSED. Commands that find no room wait here, in order. */
export class CoreStream {
  readonly slot: number
  readonly handler: CoreStreamHandler
  /** By the clock of `performance.now()`. */
  readonly openedAtMs: number = performance.now()
  readonly #options: CoreStreamOptions
  readonly #outbox: Command[] = []
  #bytesInFlight = 0
  #closing = false

  constructor(options: CoreStreamOptions) {
    this.#options = options
    this.slot = options.slot
    this.handler = options.handler
  }

  /** Whether CLOSE has been sent or waits to be: then CLOSED is the last that comes. */
  get isClosing(): boolean {
    return this.#closing
  }

  /** Whether commands wait for room, or for the core to answer what is on its way. */
  get isBlocked(): boolean {
    return this.#outbox.length > 0
  }

  /** Asks the core to open the stream: `onStarted` or `onFailed` follows. */
  open(format: StreamFormat, effects: readonly EncodedEffect[]): void {
    this.#put(COMMAND.OPEN, 0, encodeOpen(format, effects.length))
    for (const { config, lists } of effects) {
      this.#put(COMMAND.EFFECT, 0, config)
      for (const list of lists) this.#put(COMMAND.LIST, 0, list)
    }
    this.#put(COMMAND.START, 0, NOTHING)
  }

  /**
   * Sends a block. Where it has to wait for room, `data` is copied: it may change once this returns.
   *
   * @returns false where it has to wait: send no more until `onFlushed`.
   */
  send(sequence: number, data: Uint8Array): boolean {
    this.#put(COMMAND.SAMPLES, sequence, data)
    return !this.isBlocked
  }

  /** Ends the stream after what was sent: `onClosed` follows. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#put(COMMAND.CLOSE, 0, NOTHING)
  }

  /** Forgets the blocks that wait, and closes. For an owner that has gone. */
  abandon(): void {
    const kept = this.#outbox.filter(({ type }) => type !== COMMAND.SAMPLES)
    this.#outbox.splice(0, this.#outbox.length, ...kept)
    this.close()
  }

  /** A block has come back. */
  onSamples(sequence: number, data: Uint8Array): void {
    this.#bytesInFlight -= data.byteLength
    this.handler.onSamples(sequence, data)
    if (this.isBlocked) this.flush()
  }

  /** Tries again what waits. Returns false where the ring has no room for it. */
  flush(): boolean {
    const wasBlocked = this.isBlocked
    for (let first = this.#outbox[0]; first !== undefined; first = this.#outbox[0]) {
      if (this.#isOverShare(first)) return true
      if (!this.#trySend(first)) return false
      this.#outbox.shift()
    }
    if (wasBlocked) this.handler.onFlushed()
    return true
  }

  #put(type: number, sequence: number, payload: Uint8Array): void {
    const command = { type, sequence, payload }
    const passes = !this.isBlocked && !this.#isOverShare(command)
    if (passes && this.#trySend(command)) return
    // Not slice(), which of a Buffer is a view.
    this.#outbox.push({ type, sequence, payload: new Uint8Array(payload) })
  }

  #isOverShare({ type, payload }: Command): boolean {
    const { bytesInFlightMax } = this.#options
    const inFlight = this.#bytesInFlight
    return type === COMMAND.SAMPLES && inFlight > 0 && inFlight + payload.length > bytesInFlightMax
  }

  #trySend({ type, sequence, payload }: Command): boolean {
    if (!this.#options.send(type, this.slot, sequence, payload)) return false
    if (type === COMMAND.SAMPLES) this.#bytesInFlight += payload.byteLength
    return true
  }
}

/** Reads the payload of a FAILED record. */
export function decodeFailure(payload: Uint8Array): StreamFailure {
  const { status, position, param } = viewStruct(
    Failure,
    memoryOver(payload.slice(0, Failure.bytes)),
    0,
    'reader',
  )
  return { status, position, param }
}

function encodeOpen(format: StreamFormat, effectCount: number): Uint8Array {
  const bytes = new Uint8Array(OpenStream.bytes)
  const open = viewStruct(OpenStream, memoryOver(bytes), 0, 'host')
  open.sampleRateHz = format.sampleRateHz
  open.channels = format.channels
  open.effectCount = effectCount
  open.flags = format.freeRunningFrames === undefined ? 0 : STREAM_FLAG.FREE_RUNNING
  open.blockFrames = format.freeRunningFrames ?? 0
  return bytes
}
