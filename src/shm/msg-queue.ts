import { checkBytes, checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { type BlockOptions, blockUntil } from './block-until.ts'
import type { ByteQueue } from './byte-queue.ts'
import { QueueError, type QueueErrorCode } from './errors.ts'
import { MsgFrame, type MsgHeader } from './msg-frame.ts'
import { PROTOCOL_VERSION } from './queue-format.ts'

export interface MsgQueueOptions {
  /**
   * What every message begins with, the same on both sides: 0 to 64 bytes, by which the reader finds
   * its way again after damage. Without one each byte is a possible beginning.
   */
  readonly prefix: Uint8Array
  /** The longest message that the reader takes, in bytes. Default: what the queue holds. */
  readonly maxMessageBytes?: number
}

/** What the reader of a queue has seen, since it was made. */
export interface MsgQueueStats {
  readonly messages: number
  /** Bytes that belonged to no message that was delivered. */
  readonly skippedBytes: number
  /** Messages, or what looked like the beginning of one, with a wrong checksum. */
  readonly damaged: number
  readonly tooBig: number
  readonly wrongVersion: number
}

/** For the chunks in which a prefix is looked for: a page. */
const WINDOW_BYTES = 4096

/**
 * A queue of messages over a {@link ByteQueue}, each with checksums: the names of the Rust crate
 * `shared-mem-queue`, and its format as docs/queues.md describes it.
 *
 * What is damaged is never delivered: it is skipped to the next prefix, counted, and named by an
 * error once; the next call goes on behind it.
 */
export class MsgQueue {
  /** The longest message that the queue holds, in bytes. */
  readonly largestMessageBytes: number
  /** The longest message that this reader takes, in bytes. */
  readonly maxMessageBytes: number
  readonly #queue: ByteQueue
  readonly #frame: MsgFrame
  readonly #header: Buffer
  readonly #window: Buffer
  #messages = 0
  #skippedBytes = 0
  #damaged = 0
  #tooBig = 0
  #wrongVersion = 0

  /** @throws {ArgumentError} where not even an empty message fits, or an option is out of range. */
  constructor(queue: ByteQueue, options: MsgQueueOptions) {
    this.#queue = queue
    this.#frame = new MsgFrame(options.prefix)
    this.largestMessageBytes = queue.largestSize - this.#frame.overheadBytes
    if (this.largestMessageBytes < 0) {
      throw new ArgumentError(
        `a message is ${this.#frame.overheadBytes} bytes at least, and this queue holds ${queue.largestSize}`,
      )
    }
    const { maxMessageBytes = this.largestMessageBytes } = options
    this.maxMessageBytes = checkInteger(
      'maxMessageBytes',
      maxMessageBytes,
      0,
      this.largestMessageBytes,
    )
    this.#header = Buffer.alloc(this.#frame.headerBytes)
    this.#window = Buffer.alloc(Math.min(WINDOW_BYTES, queue.capacity))
  }

  get stats(): MsgQueueStats {
    return {
      messages: this.#messages,
      skippedBytes: this.#skippedBytes,
      damaged: this.#damaged,
      tooBig: this.#tooBig,
      wrongVersion: this.#wrongVersion,
    }
  }

  /**
   * Writes a message whole, or not at all.
   *
   * @returns false where there is too little room now.
   * @throws {QueueError} `ERR_CARILLON_QUEUE_TOO_BIG` where it is over `largestMessageBytes`,
   *   `ERR_CARILLON_QUEUE_DAMAGED`.
   */
  tryWrite(message: Uint8Array): boolean {
    const { length } = checkBytes('message', message)
    if (length > this.largestMessageBytes) {
      throw new QueueError(
        'ERR_CARILLON_QUEUE_TOO_BIG',
        `a message of this queue is ${this.largestMessageBytes} bytes at most, not ${length}`,
      )
    }
    if (this.#queue.space < this.#frame.overheadBytes + length) return false
    const header = this.#frame.header(length)
    const trailer = this.#frame.trailer(header, message)
    const write = () => {
      this.#queue.writeOrFail(header, message, trailer)
      return true
    }
    return unless('ERR_CARILLON_QUEUE_FULL', write) ?? false
  }

  /**
   * As `tryWrite`.
   *
   * @throws {QueueError} also `ERR_CARILLON_QUEUE_FULL`.
   */
  writeOrFail(message: Uint8Array): void {
    if (this.tryWrite(message)) return
    throw new QueueError(
      'ERR_CARILLON_QUEUE_FULL',
      `there is room for ${this.#queue.space} bytes now, not ${this.#frame.overheadBytes + message.length}`,
    )
  }

  /**
   * Waits for room, in this thread, and writes a message whole.
   *
   * @throws {QueueError} also `ERR_CARILLON_QUEUE_TIMEOUT`; then nothing of it was written.
   */
  writeBlocking(message: Uint8Array, options: BlockOptions): void {
    if (blockUntil(() => this.tryWrite(message) || undefined, options)) return
    throw new QueueError(
      'ERR_CARILLON_QUEUE_TIMEOUT',
      `no room for a message of ${message.length} bytes in ${options.timeoutMs} ms`,
    )
  }

  /**
   * The next message, or undefined where none is whole yet. It is the caller's.
   *
   * Every error but the last has skipped at least a byte, so that calling again ends.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_CRC`, `ERR_CARILLON_QUEUE_VERSION`,
   *   `ERR_CARILLON_QUEUE_TOO_BIG` where it is over `maxMessageBytes`, `ERR_CARILLON_QUEUE_DAMAGED`.
   */
  tryRead(): Buffer | undefined {
    return unless('ERR_CARILLON_QUEUE_EMPTY', () => this.#read())
  }

  #read(): Buffer | undefined {
    const available = this.#skipToPrefix()
    const { headerBytes, overheadBytes } = this.#frame
    if (available < headerBytes) return undefined
    this.#queue.peekOrFail(this.#header)
    const header = this.#frame.parseHeader(this.#header)
    this.#checkHeader(header)
    if (available < overheadBytes + header.length) return undefined
    return this.#take(header.length)
  }

  /**
   * As `tryRead`.
   *
   * @throws {QueueError} also `ERR_CARILLON_QUEUE_EMPTY`.
   */
  readOrFail(): Buffer {
    const message = this.tryRead()
    if (message !== undefined) return message
    throw new QueueError('ERR_CARILLON_QUEUE_EMPTY', 'there is no whole message now')
  }

  /**
   * Waits for a message, in this thread.
   *
   * @throws {QueueError} also `ERR_CARILLON_QUEUE_TIMEOUT`.
   */
  readBlocking(options: BlockOptions): Buffer {
    const message = blockUntil(() => this.tryRead(), options)
    if (message !== undefined) return message
    throw new QueueError('ERR_CARILLON_QUEUE_TIMEOUT', `no message in ${options.timeoutMs} ms`)
  }

  /** Skips what precedes the next prefix. Returns the bytes from there on. */
  #skipToPrefix(): number {
    const available = this.#queue.size
    const before = this.#bytesBeforePrefix(available)
    if (before > 0) this.#skip(before)
    return available - before
  }

  /** Where there is no prefix, all but what may be the beginning of one. */
  #bytesBeforePrefix(available: number): number {
    const { prefix, headerBytes } = this.#frame
    const last = available - prefix.length
    // Without damage it is right there.
    let window = this.#window.subarray(0, headerBytes)
    for (let offset = 0; offset <= last; window = this.#window) {
      const bytes = this.#queue.peekAtMost(window, offset)
      const found = window.subarray(0, bytes).indexOf(prefix)
      if (found >= 0) return offset + found
      if (bytes < prefix.length) break
      offset += bytes - prefix.length + 1
    }
    return Math.max(last + 1, 0)
  }

  #checkHeader(header: MsgHeader | undefined): asserts header is MsgHeader {
    if (header === undefined) {
      this.#damaged++
      // What it says of its length is not to be trusted: the next message may begin anywhere.
      this.#skip(1)
      throw new QueueError('ERR_CARILLON_QUEUE_CRC', 'the header of a message was damaged')
    }
    const { version, length } = header
    if (version !== PROTOCOL_VERSION) {
      this.#wrongVersion++
      // The header is whole, so no message begins in it. What follows may be of another format.
      this.#skip(this.#frame.headerBytes)
      throw new QueueError(
        'ERR_CARILLON_QUEUE_VERSION',
        `a message is of version ${version}, not ${PROTOCOL_VERSION}`,
      )
    }
    if (length > this.largestMessageBytes) {
      this.#tooBig++
      // It can never be here whole.
      this.#skip(this.#frame.headerBytes)
      throw tooBig(length, this.largestMessageBytes)
    }
  }

  /** The message at the reader's position, all of which is there. Skips it in any case. */
  #take(length: number): Buffer {
    const whole = this.#frame.overheadBytes + length
    if (length > this.maxMessageBytes) {
      this.#tooBig++
      this.#skip(whole)
      throw tooBig(length, this.maxMessageBytes)
    }
    // Copied before it is checked, so that it stays what was checked.
    const copy = Buffer.allocUnsafe(whole)
    this.#queue.peekOrFail(copy)
    const data = copy.subarray(this.#frame.headerBytes, this.#frame.headerBytes + length)
    const trailer = copy.subarray(this.#frame.headerBytes + length)
    if (!trailer.equals(this.#frame.trailer(this.#header, data))) {
      this.#damaged++
      // Its length is right, for the header is whole.
      this.#skip(whole)
      throw new QueueError('ERR_CARILLON_QUEUE_CRC', `a message of ${length} bytes was damaged`)
    }
    this.#queue.skipOrFail(whole)
    this.#messages++
    return data
  }

  #skip(bytes: number): void {
    this.#queue.skipOrFail(bytes)
    this.#skippedBytes += bytes
  }
}

/**
 * What `attempt` returns; undefined where it finds less than there was a moment ago, because the other
 * side has created the queue anew meanwhile.
 */
function unless<T>(code: QueueErrorCode, attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof QueueError && error.code === code) return undefined
    throw error
  }
}

function tooBig(length: number, most: number): QueueError {
  return new QueueError(
    'ERR_CARILLON_QUEUE_TOO_BIG',
    `a message of ${length} bytes came, and this side takes ${most} at most`,
  )
}
