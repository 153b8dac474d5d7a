import { equal } from 'node:assert/strict'
import type { Doorbell } from '../../src/cores/doorbell.ts'
import { EventFdDoorbell } from '../../src/cores/event-fd-doorbell.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { RingControl } from '../../src/shm/shared-mem.ts'
import { type RingRecord, SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { type Memory, memoryOver } from '../../src/shm/struct-view.ts'

/** Records in a row before the other direction gets its turn. */
const RECORDS_PER_TURN = 64
/** Turns in a row before the event loop gets its own. */
const TURNS_MAX = 1000
const MESSAGE = 1

export interface RingPeerOptions {
  /** The file: two rings, one behind the other. */
  readonly fd: number
  readonly capacity: number
  /** Side 0 writes to the first ring and reads from the second; side 1 the other way round. */
  readonly side: number
  /** Messages each way. */
  readonly count: number
  /** Eventfds: where this side waits, and what it rings. */
  readonly waitFd: number
  readonly ringFd: number
}

/** Bytes of the file of two rings. */
export function ringPairBytes(capacity: number): number {
  return 2 * (RingControl.bytes + capacity)
}

/** What a message is follows from its sequence, here and in firmware/test/ring_peer.c. */
function hashOf(sequence: number): number {
  return Math.imul(sequence + 1, 2654435761) >>> 0
}

/** One in sixteen is up to 60 KiB, the others are up to 512 bytes; 64 at least. */
function lengthOf(sequence: number): number {
  const hash = hashOf(sequence) >>> 8
  const span = hash % 16 === 0 ? 60 * 1024 - 64 : 512 - 64
  return 64 + ((hash >>> 4) % (span + 1))
}

/** One end of a pair of rings whose other end is another process, in C or TypeScript. */
export class RingPeer {
  readonly #memory: Memory
  readonly #out: SpscRingProducer
  readonly #in: SpscRingConsumer
  readonly #count: number
  readonly #doorbell: Doorbell
  #sent = 0
  #received = 0
  #isRunning = false
  #done: { resolve: () => void; reject: (error: unknown) => void } | undefined

  constructor(options: RingPeerOptions) {
    const { fd, capacity, side, count } = options
    const place = { fd, offset: 0, bytes: ringPairBytes(capacity), writable: true }
    this.#memory = memoryOver(new Mapping(place).bytes)
    const second = RingControl.bytes + capacity
    // One way with checksums, one without.
    this.#out = new SpscRingProducer(this.#memory, side === 0 ? 0 : second, capacity, {
      checksum: side === 1,
    })
    this.#in = new SpscRingConsumer(this.#memory, side === 0 ? second : 0, capacity)
    this.#count = count
    this.#doorbell = EventFdDoorbell.adopt(options.ringFd, options.waitFd, () => this.#run())
  }

  /** Resolves when all has been sent and received; rejects where a message is not what it must be. */
  async exchange(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#done = { resolve, reject }
        this.#run()
      })
    } finally {
      this.#doorbell.close()
    }
  }

  #run(): void {
    if (this.#isRunning || this.#done === undefined) return
    this.#isRunning = true
    try {
      for (let turns = 0; turns < TURNS_MAX; turns++) {
        if (this.#isDone || (!this.#turn() && this.#trySleep())) {
          this.#isRunning = false
          if (this.#isDone) this.#done.resolve()
          return
        }
      }
    } catch (error) {
      this.#done.reject(error)
      return
    }
    setImmediate(() => {
      this.#isRunning = false
      this.#run()
    })
  }

  get #isDone(): boolean {
    return this.#sent === this.#count && this.#received === this.#count
  }

  #turn(): boolean {
    this.#out.wake()
    this.#in.wake()
    const before = this.#sent + this.#received
    for (let records = 0; records < RECORDS_PER_TURN && this.#produce(); records++);
    if (this.#received < this.#count) this.#in.read(this.#consume, RECORDS_PER_TURN)
    const mustRing = this.#out.publish()
    if (this.#in.shouldRing() || mustRing) this.#doorbell.ring()
    return this.#sent + this.#received > before
  }

  #trySleep(): boolean {
    const sleeps =
      (this.#sent === this.#count || this.#out.trySleep()) &&
      (this.#received === this.#count || this.#in.trySleep())
    if (sleeps) return true
    this.#out.wake()
    this.#in.wake()
    return false
  }

  #produce(): boolean {
    if (this.#sent === this.#count) return false
    const sequence = this.#sent
    const length = lengthOf(sequence)
    const at = this.#out.claim(length)
    if (at < 0) return false
    const hash = hashOf(sequence)
    const { words, bytes } = this.#memory
    const wholeWords = length >>> 2
    for (let word = 0; word < wholeWords; word++) words[at / 4 + word] = hash + word
    bytes.fill(hash & 0xff, at + wholeWords * 4, at + length)
    this.#out.commit(MESSAGE, hash, sequence)
    this.#sent++
    return true
  }

  readonly #consume = (record: RingRecord): undefined => {
    const sequence = this.#received
    const length = lengthOf(sequence)
    const hash = hashOf(sequence)
    equal(record.type, MESSAGE)
    equal(record.sequence, sequence)
    equal(record.stream, hash)
    equal(record.length, length)
    const { words, bytes } = this.#memory
    const wholeWords = length >>> 2
    const at = record.offset
    for (let word = 0; word < wholeWords; word++) {
      if (words[at / 4 + word] !== ((hash + word) | 0))
        throw new Error(`message ${sequence} is torn`)
    }
    for (let byte = wholeWords * 4; byte < length; byte++) equal(bytes[at + byte], hash & 0xff)
    this.#received++
  }
}
