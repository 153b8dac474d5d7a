import { formatAddress } from '../format-address.ts'
import { behind, ChunkQueue } from './chunk-queue.ts'
import { detached } from './errors.ts'
import { HeldMemory } from './held-memory.ts'
import { ZERO_COPY_LEAST_BYTES } from './limits.ts'
import { EpollEvents, RecordKind } from './native-addon.ts'
import type { Reactor } from './reactor.ts'
import { NO_BUFFER, type Receiver } from './receive-buffers.ts'
import type { Sender } from './send-list.ts'
import { SystemError } from './system-error.ts'
import type { Connection, ConnectionHandler } from './transport.ts'

const EAGAIN = 11
const EFAULT = 14
const ENOBUFS = 105
const ECANCELED = 125

/**
 * A connection of an `EpollTransport`. While nothing is in the way, what is written waits for the
 * end of the turn in the reactor's list; what the kernel then has no room for is queued here.
 */
export class EpollConnection implements Connection, Sender, Receiver {
  slot: number
  firstPiece = -1
  lastPiece = -1
  listedBytes = 0
  receiveBuffer = NO_BUFFER
  readonly keptBytesMax: number

  readonly #reactor: Reactor
  #handler: ConnectionHandler | undefined
  #remoteAddress: string | undefined
  /** What the kernel had no room for. Only while there is something. */
  #queue: ChunkQueue | undefined
  #queuedBytes = 0
  #isReading = true
  /** What had been read already when `pauseReading` was called. At most one read. */
  #held: Buffer | undefined
  /** Whether what is kept of a read is all there, and waits for `resumeReading`. */
  #hasUnread = false
  #peerHasEnded = false
  #state: 'open' | 'ending' | 'ended' | 'closed' = 'open'

  constructor(reactor: Reactor, slot: number) {
    this.#reactor = reactor
    this.keptBytesMax = reactor.receives.bytesMax
    this.slot = slot
    reactor.adopt(slot, this)
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler
  }

  /** Closes a connection that nobody handles. */
  refuse(): void {
    this.#state = 'closed'
    this.#reactor.release(this.slot, true)
  }

  get remoteAddress(): string {
    this.#remoteAddress ??= formatAddress(this.#reactor.poller.address(this.slot))
    return this.#remoteAddress
  }

  get deferredBytes(): number {
    return this.listedBytes
  }

  flush(): void {
    this.#reactor.sends.flush()
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#queuedBytes > 0 || this.#state !== 'open') return this.#enqueue(chunks)
    const { sends } = this.#reactor
    // All by one call, where a part of it needs that.
    if (chunks.length > 1 && !sends.takes(chunks)) return this.#writeNow(chunks)
    for (let index = 0; index < chunks.length; index++) {
      const chunk = chunks[index] as Uint8Array
      if (chunk.length > 0 && !sends.add(this, chunk)) {
        return this.#writeNow(index === 0 ? chunks : chunks.slice(index))
      }
    }
    this.#reactor.scheduleFlush()
    return true
  }

  writeCopy(chunks: readonly Uint8Array[], bytes: number): boolean {
    if (this.#queuedBytes > 0 || this.#state !== 'open') {
      return this.#enqueue([Buffer.concat(chunks, bytes)])
    }
    if (!this.#reactor.sends.addCopy(this, chunks, bytes)) return this.#writeNow(chunks, true)
    this.#reactor.scheduleFlush()
    return true
  }

  writeLent(head: Uint8Array, memory: Uint8Array, start: number, end: number): boolean {
    const isFree = this.#queuedBytes === 0 && this.#state === 'open'
    if (!isFree || !this.#reactor.sends.addLent(this, head, memory, start, end)) {
      const chunks = [head, memory.subarray(start, end)]
      return this.writeCopy(chunks, head.length + end - start)
    }
    this.#reactor.scheduleFlush()
    return true
  }

  writeSlice(memory: Buffer, start: number, end: number): boolean {
    const isFree = this.#queuedBytes === 0 && this.#state === 'open'
    if (!isFree || !this.#reactor.sends.addSlice(this, memory, start, end)) {
      return this.write([memory.subarray(start, end)])
    }
    this.#reactor.scheduleFlush()
    return true
  }

  writeHeld(chunks: readonly Uint8Array[], release: () => void): boolean {
    const { sends } = this.#reactor
    // By calls of its own, behind what is listed.
    sends.flush()
    const isFirst = this.#queuedBytes === 0 && this.#state === 'open'
    for (const chunk of chunks) this.#queuedBytes += chunk.length
    const held = new HeldMemory(release)
    if (this.#state !== 'closed') {
      // Nobody can keep the arena still.
      const own = chunks
        .filter((chunk) => chunk.length > 0)
        .map((chunk) => (sends.isInArena(chunk) ? Buffer.from(chunk) : chunk))
      this.#queue ??= new ChunkQueue()
      this.#queue.push(own, held)
    }
    held.letGo()
    if (!isFirst) return false
    if (this.#sendQueued() && this.#queuedBytes > 0) this.#updateInterest()
    return this.#queuedBytes === 0
  }

  keep(bytes: Buffer, missing: number): boolean {
    const isUnread = missing === 0
    const isOpen = this.#state !== 'closed' && isUnread !== this.#isReading
    if (!isOpen || !this.#reactor.receives.keep(this, bytes, missing)) return false
    this.#hasUnread = isUnread
    return true
  }

  pauseReading(): void {
    this.#isReading = false
    this.#updateInterest()
  }

  resumeReading(): void {
    this.#isReading = true
    if (this.#held !== undefined) setImmediate(() => this.#readHeld())
    else if (this.#hasUnread) queueMicrotask(() => this.#readUnread())
    else this.#updateInterest()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#reactor.sends.flush()
    this.#endWhenSent()
  }

  reset(): void {
    if (this.#state !== 'closed') this.#close(undefined, true)
  }

  // What the reactor calls.

  onRecord(kind: number, a: number, b: number): void {
    if (kind === RecordKind.data) this.#read(a, b)
    else if (kind === RecordKind.writable) this.#sendQueue()
    else if (kind === RecordKind.end) this.#takeEnd()
    else if (kind === RecordKind.closed) this.#finish(a)
  }

  onUnsent(sent: number, listed: number, rest: Uint8Array | undefined): void {
    if (rest === undefined) {
      // Counted and no more: it may lie in memory that is there no longer.
      this.#queuedBytes += listed
      this.#break(sent)
      return
    }
    this.#enqueue([rest])
    this.#handler?.onQueued()
  }

  onUnkept(kept: Buffer): void {
    this.#hasUnread = false
    this.#take(kept)
  }

  onReactorClose(): void {
    if (this.#state !== 'closed') this.#close(new SystemError('close', ECANCELED), false)
  }

  // Reading.

  #read(offset: number, bytes: number): void {
    if (this.receiveBuffer === NO_BUFFER) this.#take(this.#reactor.arenaView(offset, bytes))
    else this.#readBehindKept(offset, bytes)
  }

  #readBehindKept(offset: number, bytes: number): void {
    const { receives } = this.#reactor
    const kept = receives.take(this)
    this.#take(this.#reactor.arenaView(offset - kept, kept + bytes))
    receives.noteRead(this)
  }

  #take(chunk: Buffer): void {
    if (this.#isReading && this.#held === undefined) this.#handler?.onData(chunk)
    else this.#hold(chunk)
  }

  #hold(chunk: Buffer): void {
    this.#held = Buffer.concat(this.#held === undefined ? [chunk] : [this.#held, chunk])
  }

  #readHeld(): void {
    const held = this.#held
    if (!this.#isReading || held === undefined || this.#state === 'closed') return
    this.#held = undefined
    this.#handler?.onData(held)
    this.#updateInterest()
  }

  #readUnread(): void {
    if (!this.#isReading || !this.#hasUnread) return
    const { receives } = this.#reactor
    this.#hasUnread = false
    const from = receives.keptFrom(this)
    this.#handler?.onData(this.#reactor.arenaView(from, receives.take(this)))
    receives.noteRead(this)
    this.#updateInterest()
  }

  #takeEnd(): void {
    this.#peerHasEnded = true
    this.#reactor.receives.release(this)
    if (this.#state !== 'ended') this.#handler?.onEnd()
    // While the kernel still sends from memory that is held, nothing is closed: `closed` follows.
    else if (this.#reactor.poller.awaited(this.slot) === 0) this.#finish(0)
  }

  // Sending.

  /**
   * Sends behind what is listed, by a call of its own.
   *
   * @param isLent what is not taken is copied.
   */
  #writeNow(chunks: readonly Uint8Array[], isLent = false): boolean {
    this.#reactor.sends.flush()
    if (this.#queuedBytes > 0 || this.#state !== 'open') {
      return this.#enqueue(isLent ? [Buffer.concat(chunks)] : chunks)
    }
    const sent = this.#reactor.poller.write(this.slot, chunks)
    const rest = behind(chunks, Math.max(sent, 0))
    if (rest.length === 0) return true
    this.#enqueue(isLent ? [Buffer.concat(rest)] : rest)
    if (sent < 0 && sent !== -EAGAIN) this.#break(sent)
    return false
  }

  #enqueue(chunks: readonly Uint8Array[]): false {
    const wasEmpty = this.#queuedBytes === 0
    const { sends } = this.#reactor
    for (const chunk of chunks) this.#queuedBytes += chunk.length
    if (this.#state === 'closed') return false
    const own = chunks
      .filter((chunk) => chunk.length > 0)
      .map((chunk) => (sends.isUsedAgain(chunk) ? Uint8Array.prototype.slice.call(chunk) : chunk))
    this.#queue ??= new ChunkQueue()
    this.#queue.push(own)
    if (wasEmpty) this.#updateInterest()
    return false
  }

  #sendQueue(): void {
    const queuedBytes = this.#queuedBytes
    if (queuedBytes === 0 || !this.#sendQueued()) return
    if (this.#queuedBytes === 0) {
      this.#updateInterest()
      this.#endWhenSent()
    }
    if (this.#queuedBytes < queuedBytes) this.#handler?.onDrain()
  }

  /** Hands the kernel as much of the queue as it has room for. False where the connection broke. */
  #sendQueued(): boolean {
    const queue = this.#queue
    if (queue === undefined || this.#state === 'closed') return false
    while (this.#queuedBytes > 0) {
      const sent = queue.isIntact ? this.#sendFirst(queue) : -EFAULT
      if (sent === -EAGAIN) return true
      if (sent < 0) {
        this.#break(sent)
        return false
      }
      this.#queuedBytes -= sent
      queue.skip(sent)
    }
    this.#queue = undefined
    return true
  }

  /** The bytes that the kernel took, at once, of what is first: from where it lies, where that pays. */
  #sendFirst(queue: ChunkQueue): number {
    const { poller, zeroCopySends } = this.#reactor
    const { first } = queue
    const isHeld = first?.held !== undefined && first.chunk.length >= ZERO_COPY_LEAST_BYTES
    if (!isHeld) return poller.write(this.slot, queue.chunksBefore(ZERO_COPY_LEAST_BYTES))
    const sent = zeroCopySends.write(this.slot, first.chunk, first.held)
    return sent === -ENOBUFS ? poller.write(this.slot, [first.chunk]) : sent
  }

  // Ending.

  #endWhenSent(): void {
    if (this.#state !== 'ending' || this.#queuedBytes > 0) return
    this.#state = 'ended'
    // Where the peer has broken off this fails, and that is told by an event.
    this.#reactor.poller.shutdown(this.slot)
  }

  #finish(errno: number): void {
    if (this.#state === 'closed' || !this.#release(false)) return
    this.#handler?.onClose(errno === 0 ? undefined : new SystemError('read', errno))
  }

  /** Sending failed. The end is told from the event loop. */
  #break(errno: number): void {
    if (this.#state === 'closed') return
    // The peer is not to take what it has for all that there was.
    if (errno === -EFAULT) this.#close(detached(), true)
    else this.#close(new SystemError('write', errno), false)
  }

  #close(error: Error | undefined, withReset: boolean): void {
    if (!this.#release(withReset)) return
    setImmediate(() => this.#handler?.onClose(error))
  }

  /** False where it was closed meanwhile. */
  #release(withReset: boolean): boolean {
    // While there is a slot to ask about.
    this.#remoteAddress = this.remoteAddress
    if (this.listedBytes > 0) this.#reactor.sends.flush()
    // That broke it, and all of this has been done.
    if (this.#isClosed) return false
    this.#state = 'closed'
    this.#queue?.clear()
    this.#queue = undefined
    this.#held = undefined
    this.#hasUnread = false
    this.#reactor.receives.release(this)
    this.#reactor.release(this.slot, withReset)
    return true
  }

  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #updateInterest(): void {
    if (this.#state === 'closed') return
    const reads =
      this.#isReading && !this.#peerHasEnded && !this.#hasUnread && this.#held === undefined
    const events = (reads ? EpollEvents.in : 0) | (this.#queuedBytes > 0 ? EpollEvents.out : 0)
    const result = this.#reactor.setInterest(this.slot, events)
    if (result < 0) this.#break(result)
  }
}
