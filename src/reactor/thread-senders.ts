import type { Logger } from 'pino'
import type { CarillonError } from '../errors.ts'
import type { LogLimiter } from '../log-limiter.ts'
import type { ClientSenderHandle } from './client-sender.ts'
import { SenderInbox } from './sender-inbox.ts'
import type { TcpClient } from './tcp-client.ts'
import type { TcpEngineStats } from './tcp-engine-stats.ts'

/** What the senders need of their engine. */
export interface SendersHost {
  /** Undefined where there is none of that id any more. */
  client(id: number): TcpClient | undefined
  readonly log: LogLimiter
  readonly logger: Logger
}

type SenderStats = Pick<TcpEngineStats, Extract<keyof TcpEngineStats, `sender${string}`>>

/** What other threads send to the clients of one engine, and the counters of it over all inboxes. */
export class ThreadSenders {
  readonly #ringBytes: number
  readonly #host: SendersHost
  #inbox: SenderInbox | undefined
  #unknownClients = 0
  #unframed = 0
  #damaged = 0
  /** Of the inboxes that are closed. */
  readonly #past = { messages: 0, full: 0, unblocked: 0, malformed: 0 }

  /** @param ringBytes as `TcpEngineOptions.senderRingBytes`. */
  constructor(ringBytes: number, host: SendersHost) {
    this.#ringBytes = ringBytes
    this.#host = host
  }

  /**
   * Of the inbox that is open, or of a new one.
   *
   * @throws {DescriptorsError} where there is no descriptor for its doorbell.
   */
  handle(): ClientSenderHandle {
    this.#inbox ??= new SenderInbox(this.#ringBytes, {
      deliver: this.#deliver,
      damaged: this.#onDamaged,
    })
    return this.#inbox.handle
  }

  get stats(): SenderStats {
    const { messages = 0, full = 0, unblocked = 0, malformed = 0 } = this.#inbox?.stats ?? {}
    return {
      senderMessages: this.#past.messages + messages,
      senderUnknownClients: this.#unknownClients,
      senderUnframed: this.#unframed,
      senderMalformed: this.#past.malformed + malformed,
      senderFull: this.#past.full + full,
      senderUnblocked: this.#past.unblocked + unblocked,
      senderDamaged: this.#damaged,
    }
  }

  /** Delivers what is queued, and takes nothing more by the handle that was given. */
  close(): void {
    const inbox = this.#inbox
    if (inbox === undefined) return
    // First: closing it may find it damaged.
    this.#inbox = undefined
    inbox.close()
    const { messages, full, unblocked, malformed } = inbox.stats
    this.#past.messages += messages
    this.#past.full += full
    this.#past.unblocked += unblocked
    this.#past.malformed += malformed
  }

  readonly #deliver = (clientId: number, bytes: Buffer, isToFrame: boolean): void => {
    const client = this.#host.client(clientId)
    if (client === undefined) {
      this.#unknownClients++
    } else if (!isToFrame) {
      client.sendData(bytes)
    } else {
      try {
        client.sendMessage(bytes)
      } catch (error) {
        this.#unframed++
        const fields = { client: clientId, err: error }
        this.#host.log.log('warn', fields, 'a message of another thread cannot be framed')
      }
    }
  }

  readonly #onDamaged = (error: CarillonError): void => {
    this.#damaged++
    this.#host.logger.error(
      { err: error },
      'the queue of other threads is damaged: its senders are closed',
    )
    this.close()
  }
}
