import { checkBytes, checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { type BlockOptions, blockUntil } from './block-until.ts'
import { refuseDevice } from './device-memory.ts'
import { QueueError } from './errors.ts'
import {
  FREE_BYTES,
  POSITIONS_BYTES,
  QUEUE_CAPACITY_MAX,
  QUEUE_CAPACITY_MIN,
  READ_POSITION_WORD,
  WRITE_POSITION_WORD,
} from './queue-format.ts'
import { checkWritable } from './read-only-memory.ts'

/**
 * A queue of bytes in shared memory between one writer and one reader: the names of the Rust crate
 * `shared-mem-queue`, and its format as docs/queues.md describes it.
 *
 * An object has both ends; each end is used by one side only. Both positions are loaded for every
 * call and checked, so that the other side may `create` the queue anew, and what it writes there
 * never leads outside of the region.
 */
export class ByteQueue {
  /** Bytes of data. One of them always stays free. */
  readonly capacity: number
  readonly #positions: Int32Array
  readonly #data: Uint8Array

  private constructor(region: Uint8Array) {
    this.capacity = checkRegion(region)
    checkWritable(region)
    refuseDevice(region, 'a queue')
    this.#positions = new Int32Array(region.buffer, region.byteOffset, POSITIONS_BYTES / 4)
    this.#data = region.subarray(POSITIONS_BYTES)
  }

  /**
   * Makes an empty queue of whatever the region holds. Before the other side uses it.
   *
   * @param region all of it: it starts on a multiple of 4 and is 10 bytes to 1 GiB and 8 bytes long.
   * @throws {ArgumentError} where it is not, or is a device's memory.
   */
  static create(region: Uint8Array): ByteQueue {
    const queue = new ByteQueue(region)
    // Release: who loads a zero finds the region as it was left before.
    Atomics.store(queue.#positions, READ_POSITION_WORD, 0)
    Atomics.store(queue.#positions, WRITE_POSITION_WORD, 0)
    return queue
  }

  /**
   * Uses a queue that the other side, or this one earlier, has created.
   *
   * @param region as for `create`, and of the same length.
   * @throws {ArgumentError} where a region cannot be so.
   * @throws {QueueError} `ERR_CARILLON_QUEUE_DAMAGED`.
   */
  static attach(region: Uint8Array): ByteQueue {
    const queue = new ByteQueue(region)
    queue.#load(READ_POSITION_WORD)
    queue.#load(WRITE_POSITION_WORD)
    return queue
  }

  /**
   * Bytes that are written and not consumed.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_DAMAGED`, as does every method.
   */
  get size(): number {
    const read = this.#load(READ_POSITION_WORD)
    const write = this.#load(WRITE_POSITION_WORD)
    return write >= read ? write - read : write - read + this.capacity
  }

  /** Bytes that can be written now. */
  get space(): number {
    return this.largestSize - this.size
  }

  /** Bytes that an empty queue takes: its capacity less the one that stays free. */
  get largestSize(): number {
    return this.capacity - FREE_BYTES
  }

  /**
   * Writes all chunks, one after the other, or nothing. The reader sees them together.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_FULL`, `ERR_CARILLON_QUEUE_TOO_BIG`.
   */
  writeOrFail(...chunks: Uint8Array[]): void {
    const bytes = chunks.reduce((sum, chunk) => sum + checkBytes('chunk', chunk).length, 0)
    this.#checkFits(bytes)
    const { space } = this
    if (bytes > space) throw full(bytes, space)
    this.#write(chunks, bytes)
  }

  /** Writes as much as there is room for. Returns how many bytes that was. */
  writeAtMost(bytes: Uint8Array): number {
    const count = Math.min(checkBytes('bytes', bytes).length, this.space)
    this.#write([bytes.subarray(0, count)], count)
    return count
  }

  /**
   * Writes all, in pieces as there is room. It may be longer than the queue.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_TIMEOUT`, with the bytes that were written.
   */
  writeBlocking(bytes: Uint8Array, options: BlockOptions): void {
    checkBytes('bytes', bytes)
    this.#transfer(bytes.length, options, (from) => this.writeAtMost(bytes.subarray(from)))
  }

  /**
   * Fills `into` from the queue, or consumes nothing.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_EMPTY`, `ERR_CARILLON_QUEUE_TOO_BIG`.
   */
  consumeOrFail(into: Uint8Array): void {
    this.peekOrFail(into)
    this.#free(into.length)
  }

  /** Consumes as much as there is and `into` takes. Returns how many bytes that was. */
  consumeAtMost(into: Uint8Array): number {
    const count = this.peekAtMost(into)
    this.#free(count)
    return count
  }

  /**
   * Fills `into`, in pieces as they come. It may be longer than the queue.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_TIMEOUT`, with the bytes that were consumed: they are
   *   at the start of `into`.
   */
  consumeBlocking(into: Uint8Array, options: BlockOptions): void {
    checkBytes('into', into)
    this.#transfer(into.length, options, (from) => this.consumeAtMost(into.subarray(from)))
  }

  /**
   * Fills `into` and leaves the bytes in the queue.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_EMPTY`, `ERR_CARILLON_QUEUE_TOO_BIG`.
   */
  peekOrFail(into: Uint8Array): void {
    this.#checkFits(checkBytes('into', into).length)
    const { size } = this
    if (into.length > size) throw empty(into.length, size)
    this.#copyOut(into, 0)
  }

  /**
   * As `consumeAtMost`, but leaves the bytes in the queue.
   *
   * @param offset bytes to pass over first. Default 0.
   */
  peekAtMost(into: Uint8Array, offset = 0): number {
    checkInteger('offset', offset, 0, QUEUE_CAPACITY_MAX)
    const count = Math.min(checkBytes('into', into).length, Math.max(this.size - offset, 0))
    this.#copyOut(into.subarray(0, count), offset)
    return count
  }

  /**
   * Consumes `count` bytes without a look, or none.
   *
   * @throws {QueueError} `ERR_CARILLON_QUEUE_EMPTY`, `ERR_CARILLON_QUEUE_TOO_BIG`.
   */
  skipOrFail(count: number): void {
    this.#checkFits(checkInteger('count', count, 0, QUEUE_CAPACITY_MAX))
    const { size } = this
    if (count > size) throw empty(count, size)
    this.#free(count)
  }

  /** Consumes `count` bytes without a look, or all there are. Returns how many. */
  skipAtMost(count: number): number {
    const skipped = Math.min(checkInteger('count', count, 0, QUEUE_CAPACITY_MAX), this.size)
    this.#free(skipped)
    return skipped
  }

  /**
   * Acquire: of the writer's position, what it wrote before it; of the reader's, that it is done
   * with what it gives back. A side's own position would need no order.
   */
  #load(word: number): number {
    const position = Atomics.load(this.#positions, word) >>> 0
    if (position < this.capacity) return position
    const whose = word === READ_POSITION_WORD ? 'reader' : 'writer'
    throw new QueueError(
      'ERR_CARILLON_QUEUE_DAMAGED',
      `a queue's ${whose} stands at ${position}, outside of its ${this.capacity} bytes`,
    )
  }

  /** The caller has looked for the room. */
  #write(chunks: Uint8Array[], bytes: number): void {
    if (bytes === 0) return
    const start = this.#load(WRITE_POSITION_WORD)
    let place = start
    for (const chunk of chunks) {
      // Plain stores: the reader does not look here before the position that follows.
      const toEnd = this.capacity - place
      this.#data.set(chunk.subarray(0, toEnd), place)
      if (chunk.length > toEnd) this.#data.set(chunk.subarray(toEnd), 0)
      place = this.#moved(place, chunk.length)
    }
    // Release: the data is seen before the position.
    Atomics.store(this.#positions, WRITE_POSITION_WORD, place)
  }

  /**
   * Plain loads, after the acquire of the writer's position in `size`. The caller has looked that
   * the bytes are there.
   */
  #copyOut(into: Uint8Array, offset: number): void {
    if (into.length === 0) return
    const place = this.#moved(this.#load(READ_POSITION_WORD), offset)
    const toEnd = this.capacity - place
    into.set(this.#data.subarray(place, place + Math.min(into.length, toEnd)))
    if (into.length > toEnd) into.set(this.#data.subarray(0, into.length - toEnd), toEnd)
  }

  #free(count: number): void {
    if (count === 0) return
    const place = this.#moved(this.#load(READ_POSITION_WORD), count)
    // Release: the data has been read before the writer may write over it.
    Atomics.store(this.#positions, READ_POSITION_WORD, place)
  }

  #moved(place: number, count: number): number {
    const sum = place + count
    return sum >= this.capacity ? sum - this.capacity : sum
  }

  #checkFits(bytes: number): void {
    if (bytes <= this.largestSize) return
    throw new QueueError(
      'ERR_CARILLON_QUEUE_TOO_BIG',
      `this queue holds ${this.largestSize} bytes at most, not ${bytes}`,
    )
  }

  #transfer(bytes: number, options: BlockOptions, move: (from: number) => number): void {
    let done = 0
    const attempt = () => {
      done += move(done)
      return done === bytes ? true : undefined
    }
    if (blockUntil(attempt, options)) return
    throw new QueueError(
      'ERR_CARILLON_QUEUE_TIMEOUT',
      `${done} of ${bytes} bytes went through the queue in ${options.timeoutMs} ms`,
      done,
    )
  }
}

/** The capacity of a region. */
function checkRegion(region: Uint8Array): number {
  const capacity = checkBytes('region', region).length - POSITIONS_BYTES
  const isInRange = capacity >= QUEUE_CAPACITY_MIN && capacity <= QUEUE_CAPACITY_MAX
  if (isInRange && region.byteOffset % 4 === 0) return capacity
  throw new ArgumentError(
    `a queue's region is ${POSITIONS_BYTES + QUEUE_CAPACITY_MIN} to ${POSITIONS_BYTES + QUEUE_CAPACITY_MAX} bytes from a multiple of 4 on, not ${region.length} from ${region.byteOffset}`,
  )
}

function full(bytes: number, space: number): QueueError {
  return new QueueError(
    'ERR_CARILLON_QUEUE_FULL',
    `there is room for ${space} bytes now, not ${bytes}`,
  )
}

function empty(bytes: number, size: number): QueueError {
  return new QueueError('ERR_CARILLON_QUEUE_EMPTY', `there are ${size} bytes now, not ${bytes}`)
}
