import { ArgumentError } from '../errors.ts'
import { Deadline } from './deadline.ts'
import { BacklogError, type CarillonClientError, ProtocolError, TimeoutError } from './errors.ts'
import { bytesOf } from './float-bytes.ts'
import { MAX_WAITING_BLOCKS } from './limits.ts'
import { type Settleable, settleable } from './settleable.ts'

/** A block of samples that came back. */
export interface StreamBlock {
  /** The place of the block in the stream, from 0; wraps at 2^32. */
  readonly sequence: number
  /**
   * Interleaved samples, IEEE 754 binary32, little-endian: as long as what was sent. `samplesOf`
   * gives them as numbers.
   */
  readonly data: Uint8Array
  /** From sending to arrival, in milliseconds. */
  readonly roundTripMs: number
  /** Blocks before this one that never came back. */
  readonly lost: number
}

/** What became of a stream. */
export interface StreamSummary {
  /** Blocks that reached the server. */
  readonly blocksIn: number
  /** Blocks that the server sent back. */
  readonly blocksOut: number
  /** Blocks that were sent and never came back. */
  readonly blocksLost: number
}

/** What a {@link ClientStream} needs of its client. */
export interface StreamOwner {
  /** For sentences. */
  readonly server: string
  sendSamples(samples: { stream: number; sequence: number; data: Uint8Array }): void
  closeStream(stream: number): Promise<{ blocksIn: number; blocksOut: number }>
  /** The server broke the protocol: ends the connection, this stream included. */
  failConnection(error: CarillonClientError): void
}

export interface StreamSettings {
  readonly id: number
  readonly core: number
  readonly channels: number
  readonly maxBlockFrames: number
  readonly window: number
  readonly timeoutMs: number
  readonly onBlock: ((block: StreamBlock) => void) | undefined
}

interface Outgoing extends Settleable<void> {
  readonly data: Uint8Array
}

/**
 * A stream of samples through a core. Blocks go out with {@link send} and come back, in order,
 * either to the `onBlock` function or by iterating over the stream; the iteration ends when the
 * stream is closed and throws when it fails.
 *
 * At most `window` blocks are on their way or waiting to be iterated over. Beyond that `send` waits,
 * so that a stream needs bounded memory however fast one of its ends is; who does not wait for `send`
 * is refused after {@link MAX_WAITING_BLOCKS}.
 */
export class ClientStream implements AsyncIterable<StreamBlock> {
  /** Names the stream on its connection. */
  readonly id: number
  /** The index of the core that it runs on. */
  readonly core: number
  /** The longest block that the server takes. */
  readonly maxBlockFrames: number
  readonly window: number
  readonly #settings: StreamSettings
  readonly #owner: StreamOwner
  /** Blocks that wait for room in the window. */
  readonly #queue: Outgoing[] = []
  /** Blocks that were sent and have not come back; the first has the sequence `#nextBack`. */
  readonly #inFlight: { readonly bytes: number; readonly sentAtMs: number }[] = []
  /** Blocks that came back and have not been iterated over. */
  readonly #arrived: StreamBlock[] = []
  #nextOut = 0
  #nextBack = 0
  #blocksLost = 0
  #blocksRefused = 0
  #reader: 'none' | 'iterating' | 'gone' = 'none'
  #wakeReader: () => void = () => {}
  /** Runs while the server owes a block or its StreamClosed. */
  #deadline: Deadline | undefined
  #closing: Settleable<StreamSummary> | undefined
  #closeSent = false
  #isClosed = false
  #error: unknown

  constructor(settings: StreamSettings, owner: StreamOwner) {
    this.id = settings.id
    this.core = settings.core
    this.maxBlockFrames = settings.maxBlockFrames
    this.window = settings.window
    this.#settings = settings
    this.#owner = owner
  }

  /** Blocks that were sent and are known to be lost: later ones have come back. */
  get blocksLost(): number {
    return this.#blocksLost
  }

  /** Blocks that {@link send} did not take because too many were waiting. */
  get blocksRefused(): number {
    return this.#blocksRefused
  }

  /**
   * Sends a block, as soon as the window has room for it. Wait for the promise before the next one:
   * 1024 blocks may wait, no more.
   *
   * @param block interleaved samples, or their bytes as the wire has them (IEEE 754 binary32,
   *   little-endian): whole frames, at least one and at most `maxBlockFrames`. Not to be changed
   *   until the promise resolves.
   * @returns resolves when the block has been handed to the connection.
   * @throws {CarillonClientError} why the stream failed; {@link RemoteError} with what the server said.
   * @throws {BacklogError} where 1024 blocks wait already. This one was not sent and is counted in
   *   {@link blocksRefused}; the stream goes on without it.
   * @throws {ArgumentError} where the block is none, or the stream was closed.
   */
  send(block: Float32Array | Uint8Array): Promise<void> {
    const data = block instanceof Float32Array ? bytesOf(block) : block
    const outgoing = { data, ...settleable<void>() }
    const refusal = this.#error ?? this.#refusal(data)
    if (refusal !== undefined) {
      outgoing.reject(refusal)
    } else if (this.#queue.length >= MAX_WAITING_BLOCKS) {
      this.#blocksRefused++
      const sentence = `${MAX_WAITING_BLOCKS} blocks of a stream to ${this.#owner.server} wait already`
      outgoing.reject(new BacklogError(`${sentence}; wait for each send before the next`))
    } else {
      this.#queue.push(outgoing)
      this.#pump()
    }
    return outgoing.promise
  }

  /**
   * Ends the stream, after the blocks that were given to {@link send}.
   *
   * @returns resolves after the last block has come back. Blocks that wait to be iterated over stay.
   * @throws {CarillonClientError} why the stream failed.
   */
  close(): Promise<StreamSummary> {
    if (this.#closing === undefined) {
      this.#closing = settleable()
      if (this.#error === undefined) this.#pump()
      else this.#closing.reject(this.#error)
    }
    return this.#closing.promise
  }

  /** The blocks as they come back. Once per stream, and not with `onBlock`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamBlock, void, void> {
    if (this.#settings.onBlock !== undefined || this.#reader !== 'none') {
      throw new ArgumentError('the blocks of this stream are already being read')
    }
    this.#reader = 'iterating'
    try {
      for (;;) {
        const block = this.#arrived.shift()
        if (block !== undefined) {
          this.#pump()
          yield block
        } else if (this.#error !== undefined) {
          throw this.#error
        } else if (this.#isClosed) {
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve
          })
        }
      }
    } finally {
      // Whoever stops reading must not stop the sender.
      this.#reader = 'gone'
      this.#arrived.length = 0
      this.#pump()
    }
  }

  /** For the client: a block arrived. */
  accept(sequence: number, data: Uint8Array): void {
    // The rest of a stream that was given up.
    if (this.#error !== undefined) return
    const lost = (sequence - this.#nextBack) >>> 0
    const sent = this.#inFlight[lost]
    if (sent === undefined || sent.bytes !== data.length) {
      this.#owner.failConnection(this.#brokenPromise(sequence, data, sent))
      return
    }
    this.#inFlight.splice(0, lost + 1)
    this.#nextBack = (sequence + 1) >>> 0
    this.#blocksLost += lost
    this.#deadline?.refresh()
    this.#deliver({ sequence, data, roundTripMs: performance.now() - sent.sentAtMs, lost })
    this.#pump()
  }

  /** For the client: the stream has ended with this error. */
  fail(error: unknown): void {
    if (this.#error !== undefined || this.#isClosed) return
    this.#error = error
    this.#deadline?.cancel()
    this.#inFlight.length = 0
    for (const outgoing of this.#queue.splice(0)) outgoing.reject(error)
    this.#closing?.reject(error)
    this.#wakeReader()
  }

  #refusal(data: Uint8Array): ArgumentError | undefined {
    if (this.#closing !== undefined) return new ArgumentError('the stream was closed')
    const { channels, maxBlockFrames } = this.#settings
    const frames = data.length / (channels * Float32Array.BYTES_PER_ELEMENT)
    if (!Number.isInteger(frames) || frames < 1 || frames > maxBlockFrames) {
      const wanted = `1 to ${maxBlockFrames} whole frames of ${channels} channels`
      return new ArgumentError(`a block of ${data.length} bytes is not ${wanted}`)
    }
    return undefined
  }

  /** Does whatever can be done now: sends, closes, waits. */
  #pump(): void {
    if (this.#error !== undefined || this.#isClosed) return
    while (this.#inFlight.length + this.#arrived.length < this.window) {
      const outgoing = this.#queue.shift()
      if (outgoing === undefined) break
      this.#sendNow(outgoing)
    }
    if (this.#closing !== undefined && this.#queue.length === 0) this.#sendClose()
    const isOwed = this.#inFlight.length > 0 || this.#closeSent
    if (!isOwed) this.#deadline?.cancel()
    this.#deadline = isOwed ? (this.#deadline ?? this.#startDeadline()) : undefined
  }

  #sendNow({ data, resolve, reject }: Outgoing): void {
    try {
      this.#owner.sendSamples({ stream: this.id, sequence: this.#nextOut, data })
    } catch (error) {
      reject(error)
      return
    }
    this.#nextOut = (this.#nextOut + 1) >>> 0
    this.#inFlight.push({ bytes: data.length, sentAtMs: performance.now() })
    resolve()
  }

  #sendClose(): void {
    if (this.#closeSent) return
    this.#closeSent = true
    this.#owner.closeStream(this.id).then(
      (counts) => this.#finish(counts),
      (error: unknown) => this.fail(error),
    )
  }

  #finish({ blocksIn, blocksOut }: { blocksIn: number; blocksOut: number }): void {
    if (this.#error !== undefined) return
    this.#isClosed = true
    this.#deadline?.cancel()
    this.#blocksLost += this.#inFlight.length
    this.#closing?.resolve({ blocksIn, blocksOut, blocksLost: this.#blocksLost })
    this.#wakeReader()
  }

  #deliver(block: StreamBlock): void {
    const { onBlock } = this.#settings
    if (onBlock !== undefined) {
      try {
        onBlock(block)
      } catch (error) {
        this.#giveUp(error)
      }
    } else if (this.#reader !== 'gone') {
      this.#arrived.push(block)
      this.#wakeReader()
    }
  }

  #startDeadline(): Deadline {
    const { timeoutMs } = this.#settings
    return new Deadline(timeoutMs, () => {
      const sentence = `${this.#owner.server} returned nothing on a stream for ${timeoutMs} ms`
      this.#giveUp(new TimeoutError(sentence))
    })
  }

  /** This side fails the stream: the server is told, what it still sends is not looked at. */
  #giveUp(error: unknown): void {
    this.fail(error)
    if (this.#closeSent) return
    this.#closeSent = true
    this.#owner.closeStream(this.id).catch(() => {})
  }

  #brokenPromise(sequence: number, data: Uint8Array, sent: { bytes: number } | undefined) {
    const what =
      sent === undefined
        ? `where ${this.#nextBack} was next and ${this.#inFlight.length} were on their way`
        : `with ${data.length} bytes where ${sent.bytes} were sent`
    return new ProtocolError(`${this.#owner.server} returned block ${sequence} ${what}`)
  }
}
