import { decodeServerMessage, ServerMessage } from '../../proto/messages.ts'

const UINT32_MAX = 2 ** 32 - 1

/**
 * Leaves out telemetry and scope for a client that reads too slowly: both are of the moment, and
 * worth nothing late. The scope that follows says how many frames are missing before it, and how many
 * of them for this reason.
 */
export class SnapshotGate {
  readonly #queueBytesMax: number
  #dropped = 0
  #skippedFrames = 0
  #droppedFrames = 0

  /** @param queueBytesMax how much may wait to be sent before the snapshots are left out. */
  constructor(queueBytesMax: number) {
    this.#queueBytesMax = queueBytesMax
  }

  /** Snapshots left out so far. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * What to send for an encoded Telemetry or Scope; undefined for nothing.
   *
   * @param queuedBytes what waits to be sent to this client now.
   */
  admit(message: Uint8Array, queuedBytes: number): Uint8Array | undefined {
    if (queuedBytes > this.#queueBytesMax) {
      this.#dropped++
      this.#leaveOut(message)
      return undefined
    }
    return this.#skippedFrames > 0 ? this.#withSkipped(message) : message
  }

  #withSkipped(message: Uint8Array): Uint8Array {
    const { scope } = decodeServerMessage(message)
    if (!scope) return message
    const skipped = Math.min((scope.skipped ?? 0) + this.#skippedFrames, UINT32_MAX)
    const dropped = Math.min(this.#droppedFrames, UINT32_MAX)
    this.#skippedFrames = 0
    this.#droppedFrames = 0
    return ServerMessage.encode({ scope: { ...scope, skipped, dropped } }).finish()
  }

  /** Leaving out a scope leaves out its frames, and those missing before it stay missing. */
  #leaveOut(message: Uint8Array): void {
    const { scope } = decodeServerMessage(message)
    if (!scope) return
    const samples = (scope.data?.length ?? 0) / Float32Array.BYTES_PER_ELEMENT
    const frames = Math.floor(samples / (scope.channels || 1))
    this.#droppedFrames += frames
    this.#skippedFrames += frames + (scope.skipped ?? 0)
  }
}
