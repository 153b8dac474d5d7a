import type { CoreLink } from '../bridge/core-link.ts'
import { CoreError } from '../cores/errors.ts'
import { EVENT, Failure, LIMITS } from '../shm/shared-mem.ts'
import type { RingRecord } from '../shm/spsc-ring-consumer.ts'
import { CoreSlots } from './core-slots.ts'
import {
  CoreStream,
  type CoreStreamHandler,
  decodeFailure,
  type StreamFormat,
} from './core-stream.ts'
import type { EncodedEffect } from './effect-catalogue.ts'
import { ServiceError } from './errors.ts'

/**
 * The share of its ring that one stream may have in flight, so that others find room beside it: as many
 * streams as there are share it alike, from 2 on; beyond 8 they go by turns.
 */
const SHARES = { LEAST: 2, MOST: 8 } as const

/** The streams of a core: puts what they say on its ring, and tells them what it says. */
export class CoreStreams {
  /** Records that no stream was there for. */
  strayRecords = 0
  readonly #core: number
  readonly #link: CoreLink
  readonly #slots = new CoreSlots()

  constructor(core: number, link: CoreLink) {
    this.#core = core
    this.#link = link
  }

  /** Streams that hold a slot. */
  get count(): number {
    return this.#slots.size
  }

  #bytesInFlightMax(): number {
    const shares = Math.min(Math.max(this.#slots.size, SHARES.LEAST), SHARES.MOST)
    return this.#link.toCore.capacity / shares
  }

  /** How long ago each of them was opened, in milliseconds. */
  agesMs(): number[] {
    return this.#slots.agesMs()
  }

  /**
   * Opens a stream in a free slot.
   *
   * @throws {ServiceError} `ERR_CARILLON_LIMIT` where there is none.
   */
  open(
    format: StreamFormat,
    effects: readonly EncodedEffect[],
    handler: CoreStreamHandler,
  ): CoreStream {
    const slot = this.#slots.findFree()
    if (slot < 0) {
      throw new ServiceError(
        'ERR_CARILLON_LIMIT',
        `core ${this.#core} runs ${LIMITS.STREAMS_MAX} streams, which is all that it can`,
      )
    }
    const stream = new CoreStream({
      slot,
      handler,
      bytesInFlightMax: () => this.#bytesInFlightMax(),
      send: (type, slot, sequence, source, start, end) =>
        this.#send(stream, type, slot, sequence, source, start, end),
    })
    this.#slots.take(stream)
    stream.open(format, effects)
    return stream
  }

  /** There is room on the ring: those that wait for it go on, in turn. */
  flush(): void {
    this.#slots.flush()
  }

  /** The core has left its rings: frees all slots and returns who had them. They are not told. */
  clear(): CoreStream[] {
    return this.#slots.clear()
  }

  /** Hands a record of the core, whose payload is in `bytes`, to the stream that it is of. */
  onRecord(record: RingRecord, bytes: Uint8Array): void {
    const { offset, length } = record
    const stream = this.#slots.get(record.stream)
    if (stream === undefined) {
      this.strayRecords++
      return
    }
    switch (record.type) {
      case EVENT.SAMPLES:
        stream.onSamples(record.sequence, bytes, offset, offset + length)
        break
      case EVENT.STARTED:
        stream.handler.onStarted()
        break
      case EVENT.FAILED:
        // A CLOSE that crossed it will be answered as well: the slot is kept for that.
        if (!stream.isClosing) this.#slots.free(stream)
        if (length >= Failure.bytes) {
          stream.handler.onFailed(decodeFailure(bytes.subarray(offset, offset + length)))
        } else stream.handler.onLost(new CoreError('ERR_CARILLON_CORE_LOST', 'malformed failure'))
        break
      case EVENT.CLOSED:
        this.#slots.free(stream)
        stream.handler.onClosed()
        break
      default:
        this.strayRecords++
    }
  }

  #send(
    stream: CoreStream,
    type: number,
    slot: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (this.#link.sendPart(type, slot, sequence, source, start, end)) return true
    // A stream that outlived its core sends into the void; its owner has been told.
    if (this.#slots.get(slot) !== stream) return true
    this.#slots.addWaiting(stream)
    return false
  }
}
