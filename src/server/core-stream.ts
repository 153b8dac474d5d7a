import { recordBytes } from '../shm/ring-geometry.ts'
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
  /**
   * Samples: the bytes from `start` to `end` of `memory`, valid until the call returns; in the region's
   * memory, until the link's `onRead`.
   */
  onSamples(sequence: number, memory: Uint8Array, start: number, end: number): void
  /** Everything that was queued is on the ring, and what found no room may be offered again. */
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

/** Puts a record on the ring, of the bytes from `start` to `end` of `source`, or says that there is no room. */
export type SendCommand = (
  type: number,
  stream: number,
  sequence: number,
  source: Uint8Array,
  start: number,
  end: number,
) => boolean

const NOTHING = new Uint8Array(0)

/** A short block counts as what the shortest record takes: many of them would fill the ring unseen. */
const COUNTED_BYTES_LEAST = recordBytes(1)

export interface CoreStreamOptions {
  readonly slot: number
  readonly send: SendCommand
  readonly handler: CoreStreamHandler
  /** Bytes of samples that may be on their way now; one block always may. */
  readonly bytesInFlightMax: () => number
}

/** One slot of a core, from OPEN to CLOSED. Commands that find no room wait here, in order. */
export class CoreStream {
  readonly slot: number
  readonly handler: CoreStreamHandler
  /** By the clock of `performance.now()`. */
  readonly openedAtMs: number = performance.now()
  readonly #options: CoreStreamOptions
  readonly #outbox: Command[] = []
  /** Of the block that found no room and is somebody else's to offer again. 0 where there is none. */
  #offeredBytes = 0
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

  /** Whether something waits for room, or for the core to answer what is on its way. */
  get isBlocked(): boolean {
    return this.#outbox.length > 0 || this.#offeredBytes > 0
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
   * Sends a block, the bytes from `start` to `end` of `source`, where there is room for it now.
   *
   * @returns false where there is none: offer it again, and none before it, once `onFlushed` has
   *   said so, or `queue` it.
   */
  offer(sequence: number, source: Uint8Array, start: number, end: number): boolean {
    this.#offeredBytes = 0
    const isFree = !this.isBlocked
    if (isFree && this.#trySend(COMMAND.SAMPLES, sequence, source, start, end)) return true
    this.#offeredBytes = end - start
    return false
  }

  /** Sends a block for which there was no room, of which it keeps a copy, once there is. */
  queue(sequence: number, data: Uint8Array): void {
    this.#offeredBytes = 0
    this.#outbox.push({ type: COMMAND.SAMPLES, sequence, payload: new Uint8Array(data) })
  }

  /** Ends the stream after what was sent: `onClosed` follows. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#put(COMMAND.CLOSE, 0, NOTHING)
  }

  /** Forgets the blocks that wait, also one that was to be offered again, and closes. For an owner that has gone. */
  abandon(): void {
    this.#offeredBytes = 0
    const kept = this.#outbox.filter(({ type }) => type !== COMMAND.SAMPLES)
    this.#outbox.splice(0, this.#outbox.length, ...kept)
    this.close()
  }

  /** A block has come back. */
  onSamples(sequence: number, memory: Uint8Array, start: number, end: number): void {
    this.#bytesInFlight -= countedBytes(end - start)
    this.handler.onSamples(sequence, memory, start, end)
    if (this.isBlocked) this.flush()
  }

  /** Tries again what waits. Returns false where the ring has no room for it. */
  flush(): boolean {
    const wasBlocked = this.isBlocked
    for (let first = this.#outbox[0]; first !== undefined; first = this.#outbox[0]) {
      const { type, sequence, payload } = first
      if (this.#isOverShare(type, payload.length)) return true
      if (!this.#putOnRing(type, sequence, payload, 0, payload.length)) return false
      this.#outbox.shift()
    }
    if (this.#offeredBytes > 0 && this.#isOverShare(COMMAND.SAMPLES, this.#offeredBytes))
      return true
    // Whether the ring has room for it shows when it is offered again.
    this.#offeredBytes = 0
    if (wasBlocked) this.handler.onFlushed()
    return true
  }

  #put(type: number, sequence: number, payload: Uint8Array): void {
    if (this.isBlocked || !this.#trySend(type, sequence, payload, 0, payload.length)) {
      this.#outbox.push({ type, sequence, payload })
    }
  }

  /** Whether it is on the ring: it has its share of it, and there is room. */
  #trySend(
    type: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const isOverShare = this.#isOverShare(type, end - start)
    return !isOverShare && this.#putOnRing(type, sequence, source, start, end)
  }

  #isOverShare(type: number, blockBytes: number): boolean {
    const inFlight = this.#bytesInFlight
    if (type !== COMMAND.SAMPLES || inFlight === 0) return false
    return inFlight + countedBytes(blockBytes) > this.#options.bytesInFlightMax()
  }

  #putOnRing(
    type: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (!this.#options.send(type, this.slot, sequence, source, start, end)) return false
    if (type === COMMAND.SAMPLES) this.#bytesInFlight += countedBytes(end - start)
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

function countedBytes(blockBytes: number): number {
  return Math.max(blockBytes, COUNTED_BYTES_LEAST)
}
