import type { ClientMessage, ServerMessage } from '../../proto/messages.ts'
import { ArgumentError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { Deadline } from './deadline.ts'
import { type CarillonClientError, ProtocolError, RemoteError, TimeoutError } from './errors.ts'
import { MAX_PENDING_REQUESTS } from './limits.ts'
import { settleable } from './settleable.ts'

/** What a client asks, without its number. */
export type RequestBody = Omit<ClientMessage, 'request' | 'body' | '$unknowns'>

/** The name of an answer in a ServerMessage. */
export type AnswerName = NonNullable<ServerMessage['body']>

/** The answer of that name. */
export type Answer<Name extends AnswerName> = NonNullable<ServerMessage[Name]>

export interface RequestOptions<Name extends AnswerName, Result> {
  /** The answer that is the right one. */
  readonly answer: Name
  /** How long it may take; `undefined` for no limit. */
  readonly timeoutMs: number | undefined
  /** Makes the result, before any later message is looked at. What it throws rejects the request. */
  readonly accept: (answer: Answer<Name>) => Result
  /** Gets an answer that came after the time was up. */
  readonly late?: (answer: Answer<Name>) => void
}

interface Pending {
  settle(message: ServerMessage): void
  reject(error: CarillonClientError): void
}

/** Numbers requests and finds the request that each answer is for. */
export class RequestChannel {
  readonly connection: Connection
  /** Gets each message that answers nothing. */
  onUnasked: (message: ServerMessage) => void = () => {}
  /** The connection is over. All requests have been rejected. */
  onClose: (reason: CarillonClientError) => void = () => {}
  readonly #pending = new Map<number, Pending>()
  #lastRequest = 0

  constructor(connection: Connection) {
    this.connection = connection
    connection.onMessage = (message) => this.#dispatch(message)
    connection.onClose = (reason) => this.#close(reason)
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws {RemoteError} with what the server answered instead.
   * @throws {TimeoutError}
   * @throws {CarillonClientError} the reason why the connection is over.
   */
  request<Name extends AnswerName, Result>(
    body: RequestBody,
    options: RequestOptions<Name, Result>,
  ): Promise<Result> {
    const { server, reason } = this.connection
    const { promise, resolve, reject } = settleable<Result>()
    if (reason !== undefined) {
      reject(reason)
      return promise
    }
    if (this.#pending.size >= MAX_PENDING_REQUESTS) {
      reject(
        new ArgumentError(
          `${MAX_PENDING_REQUESTS} requests to ${server} are waiting for an answer`,
        ),
      )
      return promise
    }
    const request = this.#nextRequest()
    let isLate = false
    const { timeoutMs } = options
    const deadline =
      timeoutMs === undefined
        ? undefined
        : new Deadline(timeoutMs, () => {
            // The request stays, so that its answer is known when it comes.
            isLate = true
            reject(new TimeoutError(`${server} did not answer within ${timeoutMs} ms`))
          })
    this.#pending.set(request, {
      settle: (message) => {
        deadline?.cancel()
        if (message.error) {
          reject(remoteError(message.error))
          return
        }
        const answer = message.body === options.answer ? message[options.answer] : undefined
        if (!answer) {
          const sentence = `${server} answered ${options.answer} with ${message.body ?? 'nothing known'}`
          this.connection.fail(new ProtocolError(sentence))
          reject(this.connection.reason)
          return
        }
        if (isLate) {
          options.late?.(answer)
          return
        }
        try {
          resolve(options.accept(answer))
        } catch (error) {
          reject(error)
        }
      },
      reject: (error) => {
        deadline?.cancel()
        reject(error)
      },
    })
    try {
      this.connection.send({ request, ...body })
    } catch (error) {
      this.#pending.delete(request)
      deadline?.cancel()
      reject(error)
    }
    return promise
  }

  #nextRequest(): number {
    do {
      this.#lastRequest = this.#lastRequest === 0xffff_ffff ? 1 : this.#lastRequest + 1
    } while (this.#pending.has(this.#lastRequest))
    return this.#lastRequest
  }

  #dispatch(message: ServerMessage): void {
    const request = message.request ?? 0
    const pending = this.#pending.get(request)
    if (request !== 0 && pending === undefined) {
      const { server } = this.connection
      this.connection.fail(new ProtocolError(`${server} answered a request that was never made`))
      return
    }
    this.#pending.delete(request)
    pending?.settle(message)
    if (message.error?.fatal) this.connection.fail(remoteError(message.error))
    else if (pending === undefined || message.error?.stream) this.onUnasked(message)
  }

  #close(reason: CarillonClientError): void {
    for (const pending of this.#pending.values()) pending.reject(reason)
    this.#pending.clear()
    this.onClose(reason)
  }
}

/** What an Error message says. */
export function remoteError({ code, message, fatal }: Answer<'error'>): RemoteError {
  return new RemoteError(code ?? '', message ?? '', fatal ?? false)
}
