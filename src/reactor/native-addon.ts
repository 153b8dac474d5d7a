import { loadAddon as loadNativeAddon, type MissingAddon } from '../native-addon.ts'
import { StateError } from './errors.ts'

/**
 * The addon's poller: one epoll instance under the event loop. What fails in the system answers with
 * a negative error number; a slot is a small number that stands for a descriptor.
 */
export interface Poller {
  /**
   * What sockets are read into: `limits.arenaBytes` for all of them, used again at every call of
   * `onTurn`, and behind these the receive buffers.
   */
  readonly arena: Uint8Array
  /** Where small data from elsewhere is gathered before it is sent. */
  readonly outgoing: Uint8Array
  /** What happened: four words for each record, see `RecordKind`. */
  readonly records: Int32Array
  /** What to send: memory, offset, bytes, and the next piece of the same connection or -1. */
  readonly pieces: Int32Array
  /** Whose: slot, first piece, and, after `flush`, the bytes sent or a negative error number. */
  readonly sends: Int32Array
  /**
   * What is kept in each receive buffer: where in the arena it begins and ends, and how many bytes of
   * its frame are missing. The next read goes behind it, once it has been moved to the buffer's front
   * where those would find no room.
   */
  readonly receives: Int32Array

  /** Lets the event loop go on while the poller waits. At first it does not. */
  hold(): void
  letGo(): void
  listen(
    port: number,
    backlog: number,
    keepAliveS: number,
    reusePort: boolean,
    noDelay: boolean,
    host: string,
  ): number
  /** Where a listener is bound, or who is at the other end of a connection. */
  address(slot: number): { host: string; port: number }
  watch(fd: number, events: number): number
  /** Waits for a copy of it. */
  watchEventFd(handle: number): number
  addTimer(): number
  /** In microseconds; 0 for both stops it. */
  setTimer(slot: number, firstUs: number, intervalUs: number): number
  setInterest(slot: number, events: number): number
  /** Which receive buffer a connection is read into, for it alone; -1: the arena. */
  setReceiveBuffer(slot: number, buffer: number): number
  shutdown(slot: number): number
  /** Whether it lingers: `RecordKind.gone` then tells when the slot is free. */
  release(slot: number, withReset: boolean): boolean
  /** Sends at once. The bytes that the kernel took. */
  write(slot: number, chunks: readonly Uint8Array[]): number
  /**
   * Sends at once, and from where it lies: as many bytes as one send takes (512 KiB). Where it took
   * any, `chunk` is held until `RecordKind.finished` tells the token; the kernel then has finished
   * with those. `-ENOBUFS`, which is counted: it has to be sent by `write`.
   */
  writeZeroCopy(slot: number, chunk: Uint8Array, token: number): number
  /** How many of such sends are not finished, of a connection: at most 128. */
  awaited(slot: number): number
  /** Sends what the first `count` entries of `sends` say. */
  flush(count: number): void
  registerMemory(memory: Uint8Array): number
  unregisterMemory(index: number): void
  stats(): PollerStats
  destroy(): void
}

/** What a poller did since it was made. */
export interface PollerStats {
  /** Times that the event loop found something ready. */
  readonly wakeups: number
  /** Batches of events taken from the kernel. */
  readonly batches: number
  /** What was told of them. */
  readonly events: number
  readonly reads: number
  readonly bytesRead: number
  readonly sends: number
  readonly bytesSent: number
  /** Sends from where the data lies, without a copy. A message of `sendZeroCopy` can be several. */
  readonly zeroCopySends: number
  /** Of these, the ones that the kernel made a copy of after all, as it does on one machine. */
  readonly zeroCopyCopied: number
  /** Times that it was not possible to send so, and the data was sent plainly. */
  readonly zeroCopyFallbacks: number
  /** Of the sends, those that the kernel has not finished with, now. */
  readonly zeroCopyOutstanding: number
}

/** What a reactor did since it was made. */
export interface ReactorStats extends PollerStats {
  /**
   * Times that a part of what was read stayed in a receive buffer until it could be handled: the
   * beginning of a large frame, or what a pause left.
   */
  readonly keptParts: number
  /** Times that no receive buffer was free for it, so that it was copied. */
  readonly unkeptParts: number
  /** Receive buffers that connections have, now. */
  readonly receiveBuffers: number
}

/** What is in `Poller.records`: `[slot, kind, a, b]`. As in `native/src/poller.h`. */
export const RecordKind = {
  /** `a`: offset in the arena, `b`: bytes. */
  data: 1,
  /** The peer's FIN. */
  end: 2,
  /** `a`: the error number, or 0. */
  closed: 3,
  writable: 4,
  /** The slot is the listener's, `a`: the connection's. */
  accepted: 5,
  /** The slot is the listener's, `a`: the error number. */
  acceptFailed: 6,
  /** `a`: the events of a watched descriptor. */
  ready: 7,
  /** `a`: how often since the last time. */
  fired: 8,
  /** `a`: the token of a zero-copy send. The slot may be released by now. */
  finished: 9,
  /** A released connection's slot, which lingered, is free. */
  gone: 10,
} as const

/** epoll's events, as Linux numbers them on every machine. */
export const EpollEvents = { in: 0x1, out: 0x4, error: 0x8, hangUp: 0x10 } as const

/** The index of the arena and of the outgoing memory in `Poller.pieces`. */
export const ARENA = 0
export const OUTGOING = 1

interface Addon {
  readonly Poller: new (onTurn: (recordCount: number) => void, busyPollUs: number) => Poller
  readonly limits: {
    readonly maxPieces: number
    readonly maxSends: number
    /** Of `Poller.arena`, what all connections are read into. */
    readonly arenaBytes: number
    /** How many lie behind that, and how long each is. */
    readonly receiveBuffers: number
    readonly receiveBufferBytes: number
  }
  createEventFd(): number
  adoptEventFd(fd: number): number
  signalEventFd(handle: number): number
  /** The handles of both ends. */
  createSocketPair(): readonly [number, number] | number
  /** The bits of all bytes that have come; `-EPIPE` where nothing more will. */
  takeBells(handle: number): number
  sendBells(handle: number, bits: number): number
  /** Of what has a handle; -1 once it is closed. */
  descriptorOf(handle: number): number
  closeDescriptor(handle: number): void
}

/** The addon, or why there is none. */
export function loadAddon(): Addon | MissingAddon {
  return loadNativeAddon<Addon>()
}

/** @throws {StateError} `ERR_CARILLON_NO_EPOLL` where there is none. */
export function requireAddon(): Addon {
  const addon = loadAddon()
  if ('reason' in addon) throw new StateError('ERR_CARILLON_NO_EPOLL', addon.reason)
  return addon
}
