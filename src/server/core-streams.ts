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

/** The share of its ring that one stream may have in flight, so that others find room beside it. */
const IN_FLIGHT_SHARE = 1 / 8

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
      bytesInFlightMax: this.#link.toCore.capacity * IN_FLIGHT_SHARE,
      send: (type, slot, sequence, payload) => this.#send(stream, type, slot, sequence, payload),
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

  /** Hands a record of the core to the stream that it is of. */
  onRecord(record: RingRecord, payload: Uint8Array): void {
    const stream = this.#slots.get(record.stream)
    if (stream === undefined) {
      this.strayRecords++
      return
    }
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
}
