import { EventEmitter } from 'node:events'
import { DEFAULT_PORT, PROTOCOL_VERSION, type ServerMessage } from '../../proto/messages.ts'
import { checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { ClientStream, type StreamBlock, type StreamSettings } from './client-stream.ts'
import { Connection, cannotConnect, isReset } from './connection.ts'
import {
  type CarillonClientError,
  DisconnectedError,
  ProtocolError,
  RemoteError,
} from './errors.ts'
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_REQUEST_TIMEOUT_MS,
  DEFAULT_WINDOW,
  MAX_MESSAGE_BYTES,
  MAX_NAME_CHARACTERS,
  MAX_TIMEOUT_MS,
  MAX_WINDOW,
  UINT32_MAX,
} from './limits.ts'
import type { Description, Scope, Telemetry, Welcome } from './messages.ts'
import { type Answer, RequestChannel, remoteError } from './request-channel.ts'
import { quiet } from './settleable.ts'

export interface ConnectOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** 1 to 65535; default 5555. */
  readonly port?: number
  /** For the server's log and console, at most 64 characters. Default `carillon client`. */
  readonly name?: string
  /** How long connecting may take, and then the server's welcome. Default 5000. */
  readonly timeoutMs?: number
  /** How long the answer to any later request may take. Default 10000. */
  readonly requestTimeoutMs?: number
  /** Gives up connecting, with the signal's reason. Without effect later. */
  readonly signal?: AbortSignal
}

/** An effect of a chain, by the names that `describe` gives. */
export interface StreamEffect {
  readonly name: string
  /** Each a number, or a list where the effect takes one. */
  readonly parameters?: Readonly<Record<string, number | ArrayLike<number>>>
}

export interface OpenStreamOptions {
  /** The server's limits are in `welcome.limits`. */
  readonly sampleRateHz: number
  readonly channels: number
  /** In order; none by default: samples come back as they went. */
  readonly effects?: readonly StreamEffect[]
  /**
   * The index of the core to run on, as `welcome.cores` and `describe` have it. Default: the server
   * takes the one that has the least to do. The stream says which it is, also of a server from before
   * there was a choice.
   */
  readonly core?: number
  /** The most blocks on their way or waiting to be iterated over: 1 to 65536. Default 16. */
  readonly window?: number
  /** How long the server may return nothing while it owes something. Default `requestTimeoutMs`. */
  readonly timeoutMs?: number
  /** Gets each block that comes back. What it throws fails the stream. */
  readonly onBlock?: (block: StreamBlock) => void
}

export interface Subscription {
  /** Telemetry ten times a second: the event `telemetry`. */
  readonly telemetry?: boolean
  /** What the core plays: the event `scope`. */
  readonly scope?: boolean
}

/** What a client tells unasked, by event. */
export interface ClientEvents {
  telemetry: [telemetry: Telemetry]
  scope: [scope: Scope]
  /** An error that belongs to no request and to no stream. The connection stays. */
  serverError: [error: RemoteError]
  /** The connection is over, once: why. Requests and streams have failed with the same error. */
  close: [reason: CarillonClientError]
}

/** A client of a Carillon server, over TCP. */
export class CarillonClient extends EventEmitter<ClientEvents> {
  /** What the server said first: its limits, its cores, its session. */
  readonly welcome: Welcome
  readonly #channel: RequestChannel
  readonly #requestTimeoutMs: number
  /** Streams that the server may still send something about. */
  readonly #streams = new Map<number, ClientStream>()

  private constructor(channel: RequestChannel, welcome: Welcome, requestTimeoutMs: number) {
    super()
    this.welcome = welcome
    this.#channel = channel
    this.#requestTimeoutMs = requestTimeoutMs
    const { maxMessageBytes } = welcome.limits
    channel.connection.maxSendBytes = Math.min(maxMessageBytes, MAX_MESSAGE_BYTES)
    channel.onUnasked = (message) => this.#onUnasked(message)
    channel.onClose = (reason) => this.#onClose(reason)
  }

  /**
   * Connects, and says hello.
   *
   * @throws {ConnectError} where nobody listens there, or the server broke off before its welcome: it
   *   may have as many clients as it takes.
   * @throws {TimeoutError} where it took too long.
   * @throws {RemoteError} with which the server refused.
   * @throws {ProtocolError} where something else than a Carillon server answers.
   * @throws {DisconnectedError} where the server closed the connection instead.
   */
  static async connect(options: ConnectOptions = {}): Promise<CarillonClient> {
    const { host = '127.0.0.1', port = DEFAULT_PORT, name = 'carillon client', signal } = options
    const {
      timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS,
      requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS,
    } = options
    if (name.length > MAX_NAME_CHARACTERS) {
      throw new ArgumentError(`name has ${name.length} characters, at most ${MAX_NAME_CHARACTERS}`)
    }
    checkInteger('port', port, 1, 65_535)
    checkInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS)
    checkInteger('requestTimeoutMs', requestTimeoutMs, 1, MAX_TIMEOUT_MS)

    const connection = await Connection.open({ host, port }, timeoutMs, signal)
    const channel = new RequestChannel(connection)
    const abort = () => connection.abort()
    signal?.addEventListener('abort', abort)
    try {
      const hello = { protocolVersion: PROTOCOL_VERSION, clientName: name }
      return await channel.request(
        { hello },
        {
          answer: 'welcome',
          timeoutMs,
          accept: (answer) => {
            const welcome = checkedWelcome(answer, connection.server)
            return new CarillonClient(channel, welcome, requestTimeoutMs)
          },
        },
      )
    } catch (error) {
      connection.abort()
      if (signal?.aborted) throw signal.reason
      if (error instanceof DisconnectedError && isReset(error.cause)) {
        throw cannotConnect(connection.server, error.cause)
      }
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Asks what the cores can do and how they are. */
  describe(): Promise<Description> {
    return this.#channel.request(
      { describe: {} },
      {
        answer: 'description',
        timeoutMs: this.#requestTimeoutMs,
        accept: (answer) => answer as Description,
      },
    )
  }

  /**
   * Opens a stream through a chain of effects.
   *
   * @throws {RemoteError} with what the server has against it: an unknown effect, a value out of
   *   range, no core running, no core of that index…
   */
  openStream(options: OpenStreamOptions): Promise<ClientStream> {
    return quiet(this.#openStream(options))
  }

  async #openStream(options: OpenStreamOptions): Promise<ClientStream> {
    const { sampleRateHz, channels, effects = [], window = DEFAULT_WINDOW } = options
    const { core: askedCore, onBlock } = options
    const { timeoutMs = this.#requestTimeoutMs } = options
    checkInteger('sampleRateHz', sampleRateHz, 1, UINT32_MAX)
    checkInteger('channels', channels, 1, UINT32_MAX)
    if (askedCore !== undefined) checkInteger('core', askedCore, 0, UINT32_MAX)
    checkInteger('window', window, 1, MAX_WINDOW)
    checkInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS)
    const maxBlockFrames = Math.floor(this.welcome.limits.maxBlockSamples / channels)
    return await this.#channel.request(
      {
        openStream: {
          ...{ sampleRateHz, channels, effects: effects.map(encodeEffect) },
          ...(askedCore !== undefined && { core: askedCore }),
        },
      },
      {
        answer: 'streamOpened',
        timeoutMs: this.#requestTimeoutMs,
        accept: ({ stream: id, core }) =>
          this.#addStream({
            id: id ?? 0,
            core: core ?? 0,
            channels,
            maxBlockFrames,
            window,
            timeoutMs,
            onBlock,
          }),
        late: ({ stream }) => this.#closeStream(stream ?? 0).catch(() => {}),
      },
    )
  }

  /** Chooses what the server sends unasked; replaces the choice before. */
  subscribe({ telemetry = false, scope = false }: Subscription): Promise<void> {
    return this.#channel.request(
      { subscribe: { telemetry, scope } },
      {
        answer: 'subscribed',
        timeoutMs: this.#requestTimeoutMs,
        accept: () => undefined,
      },
    )
  }

  /**
   * Closes the connection. Requests and streams that are not finished fail with
   * {@link DisconnectedError}. May be called at any time, more than once.
   */
  async close(): Promise<void> {
    await this.#channel.connection.close()
  }

  #addStream(settings: StreamSettings): ClientStream {
    if (this.#streams.has(settings.id)) {
      throw this.#broken(`opened stream ${settings.id}, which is already open`)
    }
    const stream = new ClientStream(settings, {
      server: this.#channel.connection.server,
      sendSamples: (samples) => this.#channel.connection.send({ samples }),
      closeStream: (id) => this.#closeStream(id),
      failConnection: (error) => this.#channel.connection.fail(error),
    })
    this.#streams.set(settings.id, stream)
    return stream
  }

  /** No time limit: the stream waits for the blocks before it, and has a limit for each. */
  #closeStream(id: number): Promise<{ blocksIn: number; blocksOut: number }> {
    const closed = this.#channel.request(
      { closeStream: { stream: id } },
      {
        answer: 'streamClosed',
        timeoutMs: undefined,
        accept: ({ blocksIn, blocksOut }) => {
          this.#streams.delete(id)
          return { blocksIn: blocksIn ?? 0, blocksOut: blocksOut ?? 0 }
        },
      },
    )
    // A server that refuses to close it does not know it any more.
    closed.catch((error) => {
      // A close that was never sent leaves the stream with the server.
      if (error instanceof RemoteError) this.#streams.delete(id)
    })
    return closed
  }

  #onUnasked(message: ServerMessage): void {
    const { samples, error, telemetry, scope } = message
    if (samples) {
      const { sequence, data } = samples
      const id = samples.stream ?? 0
      const stream = this.#streams.get(id)
      if (stream === undefined) this.#broken(`sent samples of stream ${id}, which is not open`)
      else stream.accept(sequence ?? 0, data ?? new Uint8Array())
    } else if (error?.stream) {
      this.#streams.get(error.stream)?.fail(remoteError(error))
      this.#streams.delete(error.stream)
    } else if (error) {
      this.#later(() => this.emit('serverError', remoteError(error)))
    } else if (telemetry) {
      this.#later(() => this.emit('telemetry', telemetry as Telemetry))
    } else if (scope) {
      this.#later(() => this.emit('scope', scope as Scope))
    } else if (message.body !== undefined) {
      this.#broken(`sent ${message.body} unasked`)
    }
    // What has no body that is known here is from a newer server: nothing that was asked for.
  }

  #onClose(reason: CarillonClientError): void {
    for (const stream of this.#streams.values()) stream.fail(reason)
    this.#streams.clear()
    this.#later(() => this.emit('close', reason))
  }

  /** The server broke the protocol: the connection ends. */
  #broken(what: string): ProtocolError {
    const { connection } = this.#channel
    const error = new ProtocolError(`${connection.server} ${what}`)
    connection.fail(error)
    return error
  }

  /** What a listener throws must not keep the messages behind this one from being read. */
  #later(tell: () => void): void {
    process.nextTick(tell)
  }
}

function encodeEffect({ name, parameters = {} }: StreamEffect) {
  return {
    name,
    parameters: Object.entries(parameters).map(([key, value]) => ({
      name: key,
      values: typeof value === 'number' ? [value] : Array.from(value),
    })),
  }
}

function checkedWelcome(answer: Answer<'welcome'>, server: string): Welcome {
  const { protocolVersion, limits } = answer
  if (protocolVersion !== PROTOCOL_VERSION) {
    const versions = `version ${protocolVersion} of the protocol, this client ${PROTOCOL_VERSION}`
    throw new ProtocolError(`${server} speaks ${versions}`)
  }
  if (!limits?.maxMessageBytes || !limits.maxBlockSamples) {
    throw new ProtocolError(`${server} did not say what it accepts`)
  }
  return answer as Welcome
}
