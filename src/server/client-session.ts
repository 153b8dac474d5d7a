import type { Logger } from 'pino'
import type { carillon } from '../../proto/generated/carillon.js'
import {
  decodeClientMessage,
  PROTOCOL_VERSION,
  type ReceivedClientMessage,
  ServerMessage,
} from '../../proto/messages.ts'
import { SamplesReader } from '../../proto/samples.ts'
import { CarillonError, errorMessage } from '../errors.ts'
import { printable } from '../printable.ts'
import { ClientStream } from './client-stream.ts'
import { ServiceError } from './errors.ts'
import { QUEUE_HIGH_BYTES, SERVICE_LIMITS, SNAPSHOT_QUEUE_BYTES_MAX } from './limits.ts'
import type { ManagedCore } from './managed-core.ts'
import { checkShape } from './message-shape.ts'
import type { Peer, PeerHandler } from './peer.ts'
import { SnapshotGate } from './snapshot-gate.ts'

type Body = Omit<ServerMessage, 'request'>

const NOTHING = new Uint8Array(0)

/** Of the message that is being handled: there is one at a time. */
const SAMPLES = new SamplesReader()

/** What a session needs of the service around it. */
export interface SessionOwner {
  readonly logger: Logger
  welcome(): carillon.v1.Welcome.$Properties
  describe(): carillon.v1.Description.$Properties
  /**
   * The core for a new stream.
   *
   * @param asked index of the one that the client wants. Default: whichever has the least to do.
   * @throws {ServiceError} where there is no such core, or none that runs and has room.
   */
  chooseCore(asked?: number): ManagedCore
  onSubscribed(session: ClientSession): void
  onStreamOpened(session: ClientSession, stream: ClientStream): void
  onStreamEnded(session: ClientSession, stream: ClientStream): void
  onStreamSamples(stream: ClientStream, memory: Uint8Array, start: number, end: number): void
  onClosed(session: ClientSession): void
}

/** One client: what it has said, its streams and its subscriptions. */
export class ClientSession implements PeerHandler {
  readonly id: number
  readonly peer: Peer
  name = ''
  wantsTelemetry = false
  wantsScope = false
  /** Blocks for streams that had ended, which a client in good order can send. */
  lateBlocks = 0
  readonly #owner: SessionOwner
  readonly #streams = new Map<number, ClientStream>()
  /** Of these, the ones with blocks that wait for room. */
  readonly #blocked = new Set<ClientStream>()
  readonly #snapshots = new SnapshotGate(SNAPSHOT_QUEUE_BYTES_MAX)
  readonly #logger: Logger
  /** Slots of cores that streams of this client hold, ended ones included. */
  #slots = 0
  #errors = 0
  #lastStream = 0
  #greeted = false
  #closed = false
  #paused = false

  constructor(id: number, peer: Peer, owner: SessionOwner) {
    this.id = id
    this.peer = peer
    this.#owner = owner
    this.#logger = owner.logger.child({ client: id, address: peer.address })
    this.#logger.debug({ transport: peer.transport }, 'client connected')
  }

  /** Snapshots left out because the client had not taken the ones before. */
  get skippedSnapshots(): number {
    return this.#snapshots.dropped
  }

  get #who(): string {
    return this.name === '' ? this.peer.address : `${this.name} (${this.peer.address})`
  }

  get streamCount(): number {
    return this.#streams.size
  }

  onMessage(bytes: Uint8Array): void {
    if (this.#closed) return
    // Nearly every message.
    if (this.#greeted && SAMPLES.read(bytes)) this.#takeSamples(bytes)
    else this.#takeAny(bytes)
    this.updateReading()
  }

  #takeSamples(bytes: Uint8Array): void {
    const { stream, sequence, dataStart, dataEnd } = SAMPLES
    try {
      this.#samples(stream, sequence, bytes, dataStart, dataEnd)
    } catch (error) {
      this.#answerError(error, 0)
    }
  }

  #takeAny(bytes: Uint8Array): void {
    let message: ReceivedClientMessage
    try {
      checkShape(bytes)
      message = decodeClientMessage(bytes)
    } catch (error) {
      this.onError(
        error instanceof ServiceError
          ? error
          : new ServiceError(
              'ERR_CARILLON_PROTOCOL',
              `a message could not be decoded: ${errorMessage(error)}`,
            ),
      )
      return
    }
    try {
      this.#dispatch(message)
    } catch (error) {
      this.#answerError(error, message.request)
    }
  }

  /** @throws `error` where it is none of the service's. */
  #answerError(error: unknown, request: number): void {
    if (!(error instanceof ServiceError)) throw error
    if (error.fatal) this.#fail(error, request)
    else this.sendError(error, request)
  }

  onDrain(): void {
    this.updateReading()
  }

  onError(error: Error): void {
    this.#fail(error, 0)
  }

  onClose(): void {
    this.#closed = true
    for (const stream of this.#streams.values()) {
      stream.abandon()
      this.#owner.onStreamEnded(this, stream)
    }
    this.#streams.clear()
    this.#blocked.clear()
    this.#owner.onClosed(this)
    const { skippedSnapshots, lateBlocks } = this
    this.#logger.info(
      {
        clientName: this.name,
        // What went wrong is told only where something did.
        ...(this.#errors > 0 && { errors: this.#errors }),
        ...(skippedSnapshots > 0 && { skippedSnapshots }),
        ...(lateBlocks > 0 && { lateBlocks }),
      },
      `${this.#who} disconnected`,
    )
  }

  send(request: number, body: Body): void {
    this.peer.send(ServerMessage.encode({ request, ...body }).finish())
  }

  /** As {@link Peer.sendSamples}. */
  sendSamples(
    stream: number,
    sequence: number,
    memory: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.peer.sendSamples(stream, sequence, memory, start, end)
  }

  /** Sends what is only worth something now, unless the client is still busy with what came before. */
  sendSnapshot(encoded: Uint8Array): void {
    if (this.#closed) return
    const admitted = this.#snapshots.admit(encoded, this.peer.queuedBytes)
    if (admitted !== undefined) this.peer.send(admitted)
  }

  sendError(error: CarillonError, request: number, stream = 0, fatal = false): void {
    // A client that errs all the time fills no log: its first error is told, and how many at the end.
    this.#errors++
    const level = this.#errors === 1 || fatal ? 'warn' : 'debug'
    this.#logger[level]({ code: error.code, stream }, error.message)
    this.send(request, { error: { code: error.code, message: error.message, stream, fatal } })
  }

  /**
   * Has the message that is being handled come again, once `updateReading` reads on. False where it
   * has to be taken now.
   */
  putBack(): boolean {
    return this.peer.putBack?.() ?? false
  }

  /** Reads from the client only while its streams find room and it takes what it gets. */
  updateReading(): void {
    if (this.#closed) return
    const pause = this.#blocked.size > 0 || this.peer.queuedBytes > QUEUE_HIGH_BYTES
    if (pause === this.#paused) return
    this.#paused = pause
    if (pause) this.peer.pause()
    else this.peer.resume()
  }

  /** A stream has blocks that wait for room, or none any more. `updateReading` follows. */
  setBlocked(stream: ClientStream, isBlocked: boolean): void {
    if (isBlocked) this.#blocked.add(stream)
    else this.#blocked.delete(stream)
  }

  /** A stream has ended, in whatever way. */
  forget(stream: ClientStream): void {
    this.#blocked.delete(stream)
    if (!this.#streams.delete(stream.id)) return
    this.#owner.onStreamEnded(this, stream)
    this.updateReading()
  }

  #fail(error: Error, request: number): void {
    if (this.#closed) return
    this.#closed = true
    const coded =
      error instanceof CarillonError
        ? error
        : new ServiceError('ERR_CARILLON_PROTOCOL', error.message)
    this.sendError(coded, request, 0, true)
    this.peer.close()
  }

  #dispatch(message: ReceivedClientMessage): void {
    if (!this.#greeted && message.body !== 'hello') {
      throw new ServiceError('ERR_CARILLON_PROTOCOL', 'the first message must be Hello', {
        fatal: true,
      })
    }
    switch (message.body) {
      case 'hello':
        this.#greet(message.request, message.hello)
        break
      case 'describe':
        this.send(message.request, { description: this.#owner.describe() })
        break
      case 'openStream':
        this.#openStream(message.request, message.openStream)
        break
      case 'samples':
        this.#takeDecoded(message.samples)
        break
      case 'closeStream':
        this.#closeStream(message.request, message.closeStream.stream ?? 0)
        break
      case 'subscribe':
        this.wantsTelemetry = message.subscribe.telemetry ?? false
        this.wantsScope = message.subscribe.scope ?? false
        this.send(message.request, { subscribed: {} })
        this.#owner.onSubscribed(this)
        break
      default:
        throw new ServiceError('ERR_CARILLON_PROTOCOL', 'a message of no known kind')
    }
  }

  #greet(request: number, hello: carillon.v1.Hello.$Properties): void {
    if (this.#greeted) throw new ServiceError('ERR_CARILLON_PROTOCOL', 'a second Hello')
    if (hello.protocolVersion !== PROTOCOL_VERSION) {
      throw new ServiceError(
        'ERR_CARILLON_PROTOCOL_VERSION',
        `this server speaks version ${PROTOCOL_VERSION} of the protocol, not ${hello.protocolVersion}`,
        { fatal: true },
      )
    }
    this.#greeted = true
    this.name = printable(hello.clientName ?? '')
    this.#logger.info({ clientName: this.name }, `${this.#who} said hello`)
    this.send(request, { welcome: this.#owner.welcome() })
  }

  #openStream(request: number, open: carillon.v1.OpenStream.$Properties): void {
    if (this.#slots >= SERVICE_LIMITS.maxStreamsPerClient) {
      throw new ServiceError(
        'ERR_CARILLON_LIMIT',
        `a client has at most ${SERVICE_LIMITS.maxStreamsPerClient} streams`,
      )
    }
    const stream = new ClientStream({
      id: this.#lastStream + 1,
      request,
      open,
      session: this,
      core: this.#owner.chooseCore(open.core ?? undefined),
      onOpened: () => this.#owner.onStreamOpened(this, stream),
      onSamples: (memory, start, end) => this.#owner.onStreamSamples(stream, memory, start, end),
      onReleased: () => {
        this.#slots--
      },
    })
    // Before the start: a core that is lost in it takes the stream out again.
    this.#slots++
    this.#streams.set(stream.id, stream)
    try {
      stream.start()
      this.#lastStream = stream.id
    } catch (error) {
      this.#slots--
      this.#streams.delete(stream.id)
      throw error
    }
  }

  #takeDecoded(samples: carillon.v1.Samples.$Properties): void {
    const data = samples.data ?? NOTHING
    this.#samples(samples.stream ?? 0, samples.sequence ?? 0, data, 0, data.length)
  }

  #samples(id: number, sequence: number, source: Uint8Array, start: number, end: number): void {
    const stream = this.#findStream(id)
    if (stream === undefined || stream.isClosing) {
      this.lateBlocks++
      return
    }
    stream.send(sequence, source, start, end)
  }

  #closeStream(request: number, id: number): void {
    const stream = this.#findStream(id)
    if (stream === undefined || stream.isClosing) {
      throw new ServiceError('ERR_CARILLON_UNKNOWN_STREAM', `stream ${id} is closed already`)
    }
    stream.close(request)
  }

  /** A stream of this client's; undefined where it had one of that name. */
  #findStream(id: number): ClientStream | undefined {
    const stream = this.#streams.get(id)
    if (stream === undefined && (id < 1 || id > this.#lastStream)) {
      throw new ServiceError('ERR_CARILLON_UNKNOWN_STREAM', `there is no stream ${id}`)
    }
    return stream
  }
}
