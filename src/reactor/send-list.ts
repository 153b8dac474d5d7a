import { copyBytes } from '../copy-bytes.ts'
import { ARENA, OUTGOING, type Poller } from './native-addon.ts'
import { throwLater } from './throw-later.ts'

/** Up to here a copy costs less than a call of its own. */
const MAX_COPIED_BYTES = 4096
const PIECE_WORDS = 4
const SEND_WORDS = 3
const NONE = -1
const EAGAIN = 11
const EEXIST = 17

/** What a connection keeps for the list, and what it hears of. */
export interface Sender {
  readonly slot: number
  /** The list's own. -1 where nothing is listed. */
  firstPiece: number
  lastPiece: number
  listedBytes: number
  /**
   * The kernel did not take all of the `listed` bytes: `sent` of them, or a negative error number.
   *
   * @param rest a copy of those that are left. Not where sending failed.
   */
  onUnsent(sent: number, listed: number, rest: Uint8Array | undefined): void
}

/** What `onUnsent` is told. */
interface Unsent {
  readonly sender: Sender
  readonly sent: number
  readonly listed: number
  readonly rest: Uint8Array | undefined
}

/**
 * What is to be sent when the turn ends: pieces of memory by connection, in order, so that a turn is
 * one call of the kernel for each connection and one crossing for all of them.
 *
 * Data in the arena or in registered memory is sent from where it lies. It is not changed until
 * then. Small data from elsewhere is copied.
 */
export class SendList {
  readonly #poller: Poller
  readonly #pieces: Int32Array
  readonly #sends: Int32Array
  readonly #outgoing: Uint8Array
  readonly #arenaMemory: ArrayBufferLike
  /** By the memory's ArrayBuffer: its index, and which part is registered. */
  readonly #memories = new Map<
    ArrayBufferLike,
    { index: number; offset: number; end: number; memory: Uint8Array }
  >()
  /** By index. */
  readonly #bases: (Uint8Array | undefined)[]
  readonly #limits: { readonly maxPieces: number; readonly maxSends: number }
  /** The first `#senderCount` of them are listed: cutting an array short costs as much as filling it. */
  readonly #senders: (Sender | undefined)[]
  #senderCount = 0
  /** What a Buffer lies in is slow to ask for, so that is done once a chunk. */
  #lastSliced: Buffer | undefined
  #lastSlicedOffset = 0
  /** What was lent last, and where in which registered memory it lies. */
  #lastLent: Uint8Array | undefined
  #lastLentIndex = 0
  #lastLentStart = 0
  #lastLentBytes = 0
  #pieceCount = 0
  #outgoingUsed = 0

  constructor(poller: Poller, limits: { readonly maxPieces: number; readonly maxSends: number }) {
    this.#poller = poller
    this.#limits = limits
    this.#senders = new Array(limits.maxSends).fill(undefined)
    this.#pieces = poller.pieces
    this.#sends = poller.sends
    this.#outgoing = poller.outgoing
    this.#arenaMemory = poller.arena.buffer
    this.#bases = [poller.arena, poller.outgoing]
  }

  /**
   * Lists `chunk`, of at least one byte, for `sender`. False where there is no room, or where the
   * chunk is better sent by a call of its own: after a `flush`.
   */
  add(sender: Sender, chunk: Uint8Array): boolean {
    if (this.#isFull) return false
    const bytes = chunk.length
    const memory = chunk.buffer
    if (memory === this.#arenaMemory) {
      this.#append(sender, ARENA, chunk.byteOffset, bytes)
      return true
    }
    const registered = this.#memories.size === 0 ? undefined : this.#memories.get(memory)
    if (registered !== undefined) {
      const start = chunk.byteOffset
      if (start >= registered.offset && start + bytes <= registered.end) {
        this.#append(sender, registered.index, start - registered.offset, bytes)
        return true
      }
    }
    const offset = this.#outgoingUsed
    if (bytes > MAX_COPIED_BYTES || offset + bytes > this.#outgoing.length) return false
    this.#outgoing.set(chunk, offset)
    this.#outgoingUsed = offset + bytes
    this.#append(sender, OUTGOING, offset, bytes)
    return true
  }

  /**
   * Lists a copy of the chunks, of `bytes` together. False where there is no room, or where they are
   * better sent by a call of their own: after a `flush`.
   */
  addCopy(sender: Sender, chunks: readonly Uint8Array[], bytes: number): boolean {
    const offset = this.#outgoingUsed
    const fits = bytes <= MAX_COPIED_BYTES && offset + bytes <= this.#outgoing.length
    if (!fits || this.#isFull) return false
    let at = offset
    for (let index = 0; index < chunks.length; index++) {
      const chunk = chunks[index] as Uint8Array
      this.#outgoing.set(chunk, at)
      at += chunk.length
    }
    this.#outgoingUsed = at
    this.#append(sender, OUTGOING, offset, bytes)
    return true
  }

  /**
   * Lists a copy of `head` and the bytes from `start` to `end` of `memory`, from where they lie. False
   * where there is no room, and where that memory is not registered.
   */
  addLent(
    sender: Sender,
    head: Uint8Array,
    memory: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (memory !== this.#lastLent && !this.#findLent(memory)) return false
    const at = this.#outgoingUsed
    const from = this.#lastLentStart + start
    const isWithin = from >= 0 && this.#lastLentStart + end <= this.#lastLentBytes
    const { maxPieces, maxSends } = this.#limits
    const hasRoom = this.#pieceCount + 2 <= maxPieces && this.#senderCount < maxSends
    if (!isWithin || !hasRoom || at + head.length > this.#outgoing.length) return false
    if (head.length > 0) {
      copyBytes(this.#outgoing, at, head, 0, head.length)
      this.#outgoingUsed = at + head.length
      this.#append(sender, OUTGOING, at, head.length)
    }
    if (end > start) this.#append(sender, this.#lastLentIndex, from, end - start)
    return true
  }

  #findLent(memory: Uint8Array): boolean {
    const registered = this.#memories.get(memory.buffer)
    if (registered === undefined) return false
    this.#lastLent = memory
    this.#lastLentIndex = registered.index
    this.#lastLentStart = memory.byteOffset - registered.offset
    this.#lastLentBytes = registered.end - registered.offset
    return true
  }

  /** Whether `add` takes each of the chunks, as far as their memory and their lengths say. */
  takes(chunks: readonly Uint8Array[]): boolean {
    for (let index = 0; index < chunks.length; index++) {
      const chunk = chunks[index] as Uint8Array
      if (chunk.length > MAX_COPIED_BYTES && !this.isUsedAgain(chunk)) return false
    }
    return true
  }

  get #isFull(): boolean {
    const { maxPieces, maxSends } = this.#limits
    return this.#pieceCount === maxPieces || this.#senderCount === maxSends
  }

  /** As `add`, of a part of `memory`, for what lies in the arena. */
  addSlice(sender: Sender, memory: Buffer, start: number, end: number): boolean {
    if (memory !== this.#lastSliced) {
      if (memory.buffer !== this.#arenaMemory) return false
      this.#lastSliced = memory
      this.#lastSlicedOffset = memory.byteOffset
    }
    const { maxPieces, maxSends } = this.#limits
    if (this.#pieceCount === maxPieces || this.#senderCount === maxSends) return false
    this.#append(sender, ARENA, this.#lastSlicedOffset + start, end - start)
    return true
  }

  /** Says where in the arena a chunk lies that is about to be read: nobody has to ask it then. */
  locate(chunk: Buffer, offset: number): void {
    this.#lastSliced = chunk
    this.#lastSlicedOffset = offset
  }

  /** Whether it lies in what sockets are read into, which changes at the next turn. */
  isInArena(chunk: Uint8Array): boolean {
    return chunk.buffer === this.#arenaMemory
  }

  /** Whether what lies there may change as soon as it was sent: what has to wait is copied. */
  isUsedAgain(chunk: Uint8Array): boolean {
    return chunk.buffer === this.#arenaMemory || this.#memories.has(chunk.buffer)
  }

  /** Sends everything. */
  flush(): void {
    const count = this.#senderCount
    if (count === 0) return
    let unsent: Unsent[] | undefined
    try {
      this.#poller.flush(count)
      for (let index = 0; index < count; index++) {
        const sender = this.#senders[index] as Sender
        const sent = this.#sends[index * SEND_WORDS + 2] as number
        const listed = sender.listedBytes
        if (sent === listed) continue
        unsent ??= []
        const hasFailed = sent < 0 && sent !== -EAGAIN
        const rest = hasFailed ? undefined : this.#rest(sender, Math.max(sent, 0))
        unsent.push({ sender, sent, listed, rest })
      }
    } finally {
      // Whatever comes of it, nothing is sent twice.
      this.#clear()
    }
    if (unsent !== undefined) this.#tell(unsent)
  }

  #clear(): void {
    for (let index = 0; index < this.#senderCount; index++) {
      const sender = this.#senders[index] as Sender
      this.#senders[index] = undefined
      sender.listedBytes = 0
      sender.firstPiece = NONE
      sender.lastPiece = NONE
    }
    this.#senderCount = 0
    this.#pieceCount = 0
    this.#outgoingUsed = 0
  }

  /** Last: whoever hears of it may send, and flush. */
  #tell(unsent: readonly Unsent[]): void {
    for (const { sender, sent, listed, rest } of unsent) {
      try {
        sender.onUnsent(sent, listed, rest)
      } catch (error) {
        throwLater(error)
      }
    }
  }

  /**
   * A copy of what is listed for `sender` behind its first `sent` bytes. All of it is there: the
   * poller has just looked.
   */
  #rest(sender: Sender, sent: number): Buffer {
    const parts: Uint8Array[] = []
    let skip = sent
    for (let piece = sender.firstPiece; piece !== NONE; ) {
      const at = piece * PIECE_WORDS
      const [memory = 0, offset = 0, bytes = 0, next = NONE] = this.#pieces.subarray(
        at,
        at + PIECE_WORDS,
      )
      const taken = Math.min(skip, bytes)
      skip -= taken
      const base = this.#bases[memory] as Uint8Array
      parts.push(base.subarray(offset + taken, offset + bytes))
      piece = next
    }
    return Buffer.concat(parts)
  }

  /**
   * Data that lies in `memory` is sent from there from now on.
   *
   * @returns a negative error number where it cannot be: `EEXIST` where a part of its ArrayBuffer
   *   is registered already.
   */
  register(memory: Uint8Array): number {
    if (this.#memories.has(memory.buffer)) return -EEXIST
    const index = this.#poller.registerMemory(memory)
    if (index < 0) return index
    const { byteOffset: offset, length } = memory
    this.#memories.set(memory.buffer, { index, offset, end: offset + length, memory })
    this.#bases[index] = memory
    return index
  }

  unregister(memory: Uint8Array): void {
    const registered = this.#memories.get(memory.buffer)
    if (registered?.memory !== memory) return
    this.flush()
    this.#lastLent = undefined
    this.#memories.delete(memory.buffer)
    this.#bases[registered.index] = undefined
    this.#poller.unregisterMemory(registered.index)
  }

  #append(sender: Sender, memory: number, offset: number, bytes: number): void {
    const pieces = this.#pieces
    const last = sender.lastPiece
    if (last !== NONE) {
      const at = last * PIECE_WORDS
      const lastBytes = pieces[at + 2] as number
      // What lies behind the last piece makes it longer.
      if (pieces[at] === memory && (pieces[at + 1] as number) + lastBytes === offset) {
        pieces[at + 2] = lastBytes + bytes
        sender.listedBytes += bytes
        return
      }
    }
    this.#appendPiece(sender, memory, offset, bytes)
  }

  #appendPiece(sender: Sender, memory: number, offset: number, bytes: number): void {
    const piece = this.#pieceCount++
    const at = piece * PIECE_WORDS
    const pieces = this.#pieces
    pieces[at] = memory
    pieces[at + 1] = offset
    pieces[at + 2] = bytes
    pieces[at + 3] = NONE
    if (sender.lastPiece !== NONE) {
      pieces[sender.lastPiece * PIECE_WORDS + 3] = piece
    } else {
      sender.firstPiece = piece
      const send = this.#senderCount++
      this.#senders[send] = sender
      this.#sends[send * SEND_WORDS] = sender.slot
      this.#sends[send * SEND_WORDS + 1] = piece
    }
    sender.lastPiece = piece
    sender.listedBytes += bytes
  }
}
