import { checkBytes } from '../arguments.ts'
import type { FullMessageInfo, IFramingStrategy } from '../framing/framing-strategy.ts'
import type { ClientSession } from './client-session.ts'
import type { ClientTimes } from './client-times.ts'
import { delivery } from './delivery.ts'
import { StateError } from './errors.ts'
import type { Outbox } from './outbox.ts'
import { bytesOf } from './outgoing-queue.ts'
import type { SendResult } from './tcp-client.ts'
import type { TcpEngineOptions } from './tcp-engine-options.ts'

/** In place of the end of a run: there is none. */
const NO_RUN = -1

/** What an output is of, and needs. */
export interface OutputParts {
  readonly outbox: Outbox
  readonly strategy: IFramingStrategy
  readonly times: ClientTimes
  readonly options: Required<TcpEngineOptions>
  /** Something was dropped of a client that is to be disconnected for it. */
  readonly onOverflow: (why: string) => void
}

/** How what is sent to one client gets into its outbox, and what comes of it where it is slow. */
export class ClientOutput {
  /** Whether anything can be sent. */
  isOpen = true
  readonly #client: ClientSession
  readonly #parts: OutputParts
  readonly #outbox: Outbox
  /** Whose message the last data was sent for. */
  #lastSource: ClientSession | undefined
  /** Of the chunk that is being read, the frames that go back to where they came from. */
  #runStart = 0
  #runEnd = NO_RUN
  #runMessages = 0

  constructor(client: ClientSession, parts: OutputParts) {
    this.#client = client
    this.#parts = parts
    this.#outbox = parts.outbox
  }

  /** @param isLent the chunks are the caller's again when this returns. */
  send(chunks: readonly Uint8Array[], isLent = false): SendResult {
    this.sendRun()
    const bytes = bytesOf(chunks)
    if (!this.isOpen) return this.#outbox.drop(bytes)
    if (bytes === 0) return 'sent'
    const result = this.#outbox.send(chunks, bytes, isLent)
    if (result === 'sent') this.#onSent()
    else this.onSlow(result, bytes)
    return result
  }

  /** As `TcpClient.sendLent`. */
  sendLent(head: Uint8Array, memory: Uint8Array, start: number, end: number): SendResult {
    this.sendRun()
    const bytes = head.length + end - start
    if (!this.isOpen) return this.#outbox.drop(bytes)
    if (bytes === 0) return 'sent'
    const result = this.#outbox.sendLent(head, memory, start, end)
    if (result === 'sent') this.#onSent()
    else this.onSlow(result, bytes)
    return result
  }

  /** @param release called once, whatever the answer. */
  sendHeld(chunks: readonly Uint8Array[], release: () => void): SendResult {
    this.sendRun()
    const bytes = bytesOf(chunks)
    if (!this.isOpen || bytes === 0) {
      release()
      return this.isOpen ? 'sent' : this.#outbox.drop(bytes)
    }
    const result = this.#outbox.sendHeld(chunks, bytes, release)
    if (result === 'sent') this.#onSent()
    else this.onSlow(result, bytes)
    return result
  }

  /**
   * Sends a message that is framed anew, or whose frame has to be looked at.
   *
   * @param own of the client itself.
   */
  sendOther(message: Uint8Array, own: FullMessageInfo): SendResult {
    const info = delivery.lentInfo
    if (info?.buffer === message && info.wholeStart >= 0) {
      const chunk = delivery.lentChunk as Buffer
      const end = info.wholeStart + message.length
      const from = this.#parts.strategy.framedFrom?.(chunk, info.wholeStart, end) ?? -1
      if (from >= 0 && info === own) return this.sendBack(from, end)
      if (from >= 0) return this.#sendChunk(chunk, from, end)
    }
    return this.sendEncoded(message)
  }

  /** @throws as `TcpClient.sendMessage`. */
  sendEncoded(message: Uint8Array): SendResult {
    checkBytes('a message', message)
    const { strategy } = this.#parts
    if (strategy.encode === undefined) {
      throw new StateError(
        'ERR_CARILLON_NO_FRAME',
        'the framing strategy has no encode(): use sendData',
      )
    }
    return this.send(strategy.encode(message))
  }

  /**
   * Sends back a part of the chunk that is being read. What lies one behind the other is sent as one,
   * at the latest when the chunk is read.
   */
  sendBack(start: number, end: number): SendResult {
    if (start !== this.#runEnd) return this.#beginRun(start, end)
    this.#runEnd = end
    this.#runMessages++
    return 'sent'
  }

  #beginRun(start: number, end: number): SendResult {
    const chunk = delivery.lentChunk as Buffer
    this.sendRun()
    const isFree = this.isOpen && this.#outbox.isFree
    // A longer chunk may have messages in it that are over the limit.
    if (!isFree || chunk.length > this.#parts.options.maxQueuedBytes) {
      return this.#sendChunk(chunk, start, end)
    }
    this.#runStart = start
    this.#runEnd = end
    this.#runMessages = 1
    return 'sent'
  }

  /** Sends what `sendBack` has put together. */
  sendRun(): void {
    const end = this.#runEnd
    if (end === NO_RUN) return
    this.#runEnd = NO_RUN
    this.#sendChunk(delivery.lentChunk as Buffer, this.#runStart, end, this.#runMessages)
  }

  #sendChunk(chunk: Buffer, start: number, end: number, messages = 1): SendResult {
    const bytes = end - start
    if (!this.isOpen) return this.#outbox.drop(bytes)
    const result = this.#outbox.sendSlice(chunk, start, end, messages)
    if (result === 'sent') this.#onSent()
    else this.onSlow(result, bytes)
    return result
  }

  #onSent(): void {
    this.#parts.times.noteActive()
    // It may be queued after all, and then it matters for whom.
    if (this.#parts.options.slowClientPolicy === 'pause-source') this.#lastSource = delivery.source
  }

  /** Something is queued, or was dropped. */
  onSlow(result: SendResult, bytes: number): void {
    const { slowClientPolicy } = this.#parts.options
    if (slowClientPolicy === 'pause-source') {
      const source = delivery.source ?? this.#lastSource
      if (this.#outbox.isAboveHighWatermark) source?.pauseFor(this.#client)
    } else if (slowClientPolicy === 'disconnect' && result === 'dropped') {
      this.#parts.onOverflow(this.#outbox.whyDropped(bytes))
    }
  }
}
