import type { CarillonError } from '../errors.ts'
import { LEFT_FRAME_BYTES_LEAST } from './limits.ts'
import type { ViewCache } from './view-cache.ts'

/** No bytes: what {@link FullMessageInfo.buffer} holds until a strategy fills it. */
export const EMPTY_BUFFER: Buffer = Buffer.alloc(0)

/** What makes a message of a part of a chunk. */
interface MessageViews {
  view(chunk: Buffer, start: number, end: number): Buffer
}

const SLICES: MessageViews = { view: (chunk, start, end) => chunk.subarray(start, end) }
const COPIES: MessageViews = {
  view(chunk, start, end) {
    const copy = Buffer.allocUnsafe(end - start)
    chunk.copy(copy, 0, start, end)
    return copy
  },
}

/**
 * The message that a strategy is putting together for one client. Fresh for every message, or made
 * so by `reset`.
 */
export class FullMessageInfo {
  /**
   * Empty at first. The strategy sets it with `setWhole`, or allocates it, copies into it from the
   * chunks that it is given, and may keep it half full between calls. Once `complete` is set it
   * belongs to the receiver.
   */
  buffer: Buffer = EMPTY_BUFFER
  /** Set by the strategy when `buffer` holds exactly one whole message. */
  complete = false
  /**
   * Set by the strategy, in place of `complete`, when the bytes that it took end a message which it
   * discarded: no message is under way.
   */
  discarded = false
  /** Where in its chunk a message begins that was handed over by `setWhole`, else -1. */
  wholeStart = -1
  /** Bytes of `buffer` filled so far. For the strategy's own use between calls. */
  filledBytes = 0
  /**
   * Why the strategy answered -1. Reaches `onClientError` and the log; without it they get a
   * general framing error.
   */
  error: CarillonError | undefined = undefined
  /**
   * Longest frame that a strategy with `leavesUnfinished` may leave in its chunk, in bytes. Default
   * 0: it leaves none. For the receiver to set, before any call.
   */
  leavableBytesMax = 0
  /** Bytes of the whole frame that was left in the chunk; else 0. Set by `leaves`, for the receiver. */
  leftFrameBytes = 0
  /**
   * True where the receiver wants views: a message that lies whole in the chunk may be
   * `chunk.subarray(…)`, valid until the receiver returns. False where it must be a copy.
   */
  readonly borrowed: boolean
  readonly #views: MessageViews

  /** @param views where views of borrowed messages are found again; without it each is a new one. */
  constructor(borrowed = false, views?: ViewCache) {
    this.borrowed = borrowed
    this.#views = borrowed ? (views ?? SLICES) : COPIES
  }

  /** Completes a message that lies in `chunk` from `start` to `end`, and all of its frame with it. */
  setWhole(chunk: Buffer, start: number, end: number): void {
    this.buffer = this.#views.view(chunk, start, end)
    this.wholeStart = start
    this.complete = true
  }

  /** The same of a message whose frame may have begun in a chunk before. */
  setRest(chunk: Buffer, start: number, end: number): void {
    this.buffer = this.#views.view(chunk, start, end)
    this.complete = true
  }

  /**
   * Of a frame that begins in the chunk and is not whole there: whether to leave it. Then nothing of
   * it is taken, and the receiver brings it again with what follows.
   */
  leaves(frameBytes: number): boolean {
    if (frameBytes < LEFT_FRAME_BYTES_LEAST || frameBytes > this.leavableBytesMax) return false
    this.leftFrameBytes = frameBytes
    return true
  }

  /** Makes it fresh again, for the next message. The buffer stays with who has it. */
  reset(): void {
    this.buffer = EMPTY_BUFFER
    this.complete = false
    this.discarded = false
    this.wholeStart = -1
    this.filledBytes = 0
    this.error = undefined
  }
}

/**
 * Turns the bytes of a stream into messages. One instance serves one connection, so an
 * implementation may keep state in its own fields.
 */
export interface IFramingStrategy {
  /**
   * Takes bytes from the start of `chunk` towards at most one message.
   *
   * Called again, with the rest of the chunk, as long as bytes are left. However a stream is cut
   * into chunks, the messages are the same.
   *
   * @param chunk at least one byte; valid until the call returns.
   * @returns the bytes taken, 0 to `chunk.length`, or -1 to abort the connection. Taking nothing
   *   without completing a message is an error, and so is taking nothing twice in a row: a message
   *   whose end shows only in the byte behind it may be completed without taking that byte.
   */
  processData(chunk: Buffer, info: FullMessageInfo): number

  /**
   * `processData` of the bytes of `chunk` from `start` on, of which there is at least one: spares
   * the caller a view for every message. Where a strategy has it, `processData(chunk, info)` is
   * `processDataAt(chunk, 0, info)`, and either may be called at any time.
   *
   * @returns the bytes taken, counted from `start`, or -1.
   */
  processDataAt?(chunk: Buffer, start: number, info: FullMessageInfo): number

  /**
   * Whether it heeds `FullMessageInfo.leaves`: of a frame that is not whole in the chunk, and whose
   * bytes it knows from what is there, it asks that, and answers 0 where the frame is to be left. The
   * receiver then calls again with all of the frame in one chunk, or with `leavableBytesMax` at 0.
   * Absent counts as false.
   */
  readonly leavesUnfinished?: boolean

  /** Messages that were discarded for their size or a damage, where the strategy does that. */
  readonly skippedMessages?: number
  /** Bytes of these, without their headers. */
  readonly skippedBytes?: number

  /**
   * Frames an outgoing message: the pieces to send, in order. They may alias `message`. Absent
   * where the protocol has no frame.
   *
   * @throws {CarillonError} where the message does not fit the frame.
   */
  encode?(message: Uint8Array): Uint8Array[]

  /**
   * Whether what `encode` would give for a message that came by `setWhole` is always, byte for byte,
   * what was taken of the chunk for it. A message that is sent back to where it came from then goes
   * out as it lies, and nobody looks at its frame again. Absent counts as false.
   */
  readonly framesAsReceived?: boolean

  /**
   * Where in `memory` the frame of the message from `start` to `end` begins, if its bytes are in
   * front of the message already, as `encode` would give them: `start` or less, or -1. A message
   * that is sent on from the chunk that it came in then goes out from there, without a copy. Absent
   * where a frame has anything behind the message.
   */
  framedFrom?(memory: Buffer, start: number, end: number): number
}
