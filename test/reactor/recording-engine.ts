import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { CarillonError } from '../../src/errors.ts'
import type { IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import type { DisconnectReason } from '../../src/reactor/disconnect-reason.ts'
import type { HookResult } from '../../src/reactor/session-host.ts'
import type { TcpClient } from '../../src/reactor/tcp-client.ts'
import { TcpEngine } from '../../src/reactor/tcp-engine.ts'
import type { TcpEngineOptions } from '../../src/reactor/tcp-engine-options.ts'
import type { Transport } from '../../src/reactor/transport.ts'
import { Conditions } from './conditions.ts'
import { type Dial, RawPeer } from './raw-peer.ts'

/** What a test does in the hooks. */
export interface Behaviour {
  connected?: (client: TcpClient) => HookResult
  message?: (client: TcpClient, message: Buffer) => HookResult
  drained?: (client: TcpClient) => HookResult
  failed?: (client: TcpClient, error: CarillonError) => HookResult
  disconnected?: (client: TcpClient, reason: DisconnectReason) => HookResult
}

class Changes extends Conditions {
  override changed(): void {
    super.changed()
  }
}

/** An engine that notes what its hooks are told, and then does what the test wants. */
export class RecordingEngine extends TcpEngine {
  /** `connected 1`, `message 1 text`, `drained 1`, `failed 1 CODE`, `disconnected 1 kind`. */
  readonly log: string[] = []
  readonly errors: CarillonError[] = []
  readonly reasons = new Map<number, DisconnectReason>()
  readonly messages: Buffer[] = []
  readonly #changes = new Changes()
  readonly #behaviour: Behaviour

  constructor(
    behaviour: Behaviour,
    options: TcpEngineOptions,
    createStrategy: () => IFramingStrategy = () => new LengthPrefixedStrategy({ lengthBytes: 2 }),
  ) {
    super(createStrategy, options)
    this.#behaviour = behaviour
  }

  until(condition: () => boolean): Promise<void> {
    return this.#changes.until(condition)
  }

  async untilLogged(entry: string): Promise<void> {
    await this.until(() => this.log.includes(entry))
  }

  async untilDisconnected(id = 1): Promise<DisconnectReason> {
    await this.until(() => this.reasons.has(id))
    return this.reasons.get(id) as DisconnectReason
  }

  /** The client with this id. */
  client(id = 1): TcpClient {
    const client = this.clients.get(id)
    if (client === undefined) throw new Error(`no client ${id}`)
    return client
  }

  #note(entry: string, hook: (() => HookResult) | undefined): HookResult {
    this.log.push(entry)
    try {
      return hook?.()
    } finally {
      this.#changes.changed()
    }
  }

  protected override onClientConnected(client: TcpClient): HookResult {
    return this.#note(`connected ${client.id}`, () => this.#behaviour.connected?.(client))
  }

  protected override onClientMessage(client: TcpClient, message: Buffer): HookResult {
    const text = message.length > 40 ? `${message.length} bytes` : message.toString()
    this.messages.push(message)
    return this.#note(`message ${client.id} ${text}`, () =>
      this.#behaviour.message?.(client, message),
    )
  }

  protected override onClientDrain(client: TcpClient): HookResult {
    return this.#note(`drained ${client.id}`, () => this.#behaviour.drained?.(client))
  }

  protected override onClientError(client: TcpClient, error: CarillonError): HookResult {
    this.errors.push(error)
    return this.#note(`failed ${client.id} ${error.code}`, () =>
      this.#behaviour.failed?.(client, error),
    )
  }

  protected override onClientDisconnected(client: TcpClient, reason: DisconnectReason): HookResult {
    this.reasons.set(client.id, reason)
    return this.#note(`disconnected ${client.id} ${reason.kind}`, () =>
      this.#behaviour.disconnected?.(client, reason),
    )
  }
}

export interface Setting extends Behaviour {
  options?: TcpEngineOptions
  strategy?: () => IFramingStrategy
  maxClients?: number
  /** Default 0: any. */
  port?: number
}

/** So that a test does not depend on how busy the machine is, unless deadlines are its subject. */
const NO_DEADLINES = { closeTimeoutMs: 600_000, stopTimeoutMs: 600_000 }

/** So that what hooks throw on purpose is no warning. */
const SILENT = pino({ level: 'silent' }, { write() {} })

/** A running engine and the peers that connect to it, ended with the test. */
export class Scene {
  readonly engine: RecordingEngine
  readonly #peers: RawPeer[] = []
  readonly #dial: Dial | undefined

  private constructor(engine: RecordingEngine, dial: Dial | undefined) {
    this.engine = engine
    this.#dial = dial
  }

  static async open(
    t: ExecutionContext,
    createTransport: () => Transport,
    setting: Setting = {},
    dial?: Dial,
  ): Promise<Scene> {
    const engine = new RecordingEngine(
      setting,
      { transport: createTransport(), logger: SILENT, ...NO_DEADLINES, ...setting.options },
      setting.strategy,
    )
    const scene = new Scene(engine, dial)
    t.teardown(() => scene.#end())
    engine.init(setting.port ?? 0, '127.0.0.1', setting.maxClients)
    await engine.start()
    return scene
  }

  /** A connected peer, which the engine knows as its next client. */
  async connect(): Promise<RawPeer> {
    const { acceptedClients } = this.engine.stats()
    const peer = this.connectOnly()
    await this.engine.until(() => this.engine.stats().acceptedClients > acceptedClients)
    await peer.untilConnected()
    return peer
  }

  /** A peer, connected or refused. */
  connectOnly(): RawPeer {
    const { address } = this.engine
    if (address === undefined) throw new Error('the engine does not listen')
    const peer = new RawPeer(address, this.#dial)
    this.#peers.push(peer)
    return peer
  }

  /** Resolves when what the peers had sent by now has been read, where it can be. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      const probe = await this.connect()
      probe.socket.destroy()
      await this.engine.untilDisconnected(this.engine.stats().acceptedClients)
    }
  }

  /** Whatever a test did, every connect has exactly one disconnect, and it is counted. */
  async #end(): Promise<void> {
    for (const peer of this.#peers) peer.socket.destroy()
    await this.engine.stop()
    const count = (what: string) => this.engine.log.filter((entry) => entry.startsWith(what)).length
    const { acceptedClients, clients, disconnects } = this.engine.stats()
    const counted = Object.values(disconnects).reduce((sum, number) => sum + number)
    const all = [count('connected '), count('disconnected '), this.engine.reasons.size, counted]
    if (clients !== 0 || all.some((number) => number !== acceptedClients)) {
      throw new Error(`of ${acceptedClients} clients ${clients} are left, and counted were ${all}`)
    }
  }
}

/** Messages as the default strategy of these tests frames them. */
export function frames(...messages: (string | Buffer)[]): Buffer {
  const strategy = new LengthPrefixedStrategy({ lengthBytes: 2 })
  return Buffer.concat(messages.flatMap((message) => strategy.encode(Buffer.from(message))))
}

/** `count` bytes in which a shift or a gap shows. */
export function pattern(count: number): Buffer {
  const bytes = Buffer.allocUnsafe(count)
  for (let index = 0; index < count; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff
  return bytes
}
