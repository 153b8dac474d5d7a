import { setTimeout as pause } from 'node:timers/promises'
import { CarillonClient } from '../../src/client/index.ts'
import { errorCode, errorMessage } from '../../src/errors.ts'
import { Conditions } from '../reactor/conditions.ts'
import { integerFrom, PATIENCE, randomFrom } from '../support/soak.ts'
import { streamVerified } from '../support/verified-stream.ts'

const BLOCKS_MAX = 20

/** What a stream may end with where its core goes. */
const LOSSES = [
  'ERR_CARILLON_CORE_LOST',
  'ERR_CARILLON_CORE_UNAVAILABLE',
  'ERR_CARILLON_CORE_FAULT',
]
/** How long who has no core waits before the next attempt. */
const RETRY_AFTER_MS = 20

/**
 * A client that stays connected, and has one stream after the other on one core. Each must come back bit
 * for bit, and may be lost only while the core is expected to go.
 */
export class SteadyClient extends Conditions {
  /** Blocks that came back, and streams that were lost with their core. */
  blocks = 0
  lost = 0
  readonly core: number
  /** Resolves when it has left, or with why it could not go on. */
  readonly ended: Promise<unknown>
  readonly #client: CarillonClient
  readonly #random: () => number
  #error: unknown
  #mayLose = false
  #isLeaving = false
  #asked = 0
  #passed = 0

  private constructor(client: CarillonClient, core: number) {
    super()
    this.#client = client
    this.core = core
    this.#random = randomFrom(core + 1)
    this.ended = this.#run()
  }

  static async connect(port: number, core: number): Promise<SteadyClient> {
    const client = await CarillonClient.connect({ port, name: `steady ${core}`, ...PATIENCE })
    return new SteadyClient(client, core)
  }

  /** From now on, and until {@link recovered}, its core may go. */
  expectLoss(): void {
    this.#mayLose = true
  }

  /** Resolves once its core is there again, from when on it must stay. */
  async recovered(): Promise<void> {
    await this.passed()
    this.#mayLose = false
  }

  /**
   * Resolves once a stream came back that was opened from now on.
   *
   * @throws what it could not go on for.
   */
  async passed(): Promise<void> {
    const asked = ++this.#asked
    await this.until(() => this.#passed >= asked || this.#error !== undefined)
    if (this.#error !== undefined) throw this.#error
  }

  /** @throws what it could not go on for. */
  async leave(): Promise<void> {
    this.#isLeaving = true
    const error = await this.ended
    if (error !== undefined) throw error
  }

  async #run(): Promise<unknown> {
    try {
      while (!this.#isLeaving) await this.#streamOnce()
    } catch (cause) {
      const what = `core ${this.core}, after ${this.blocks} blocks: ${errorMessage(cause)}`
      this.#error = Object.assign(new Error(what, { cause }), { code: errorCode(cause) })
    }
    await this.#client.close()
    this.changed()
    return this.#error
  }

  async #streamOnce(): Promise<void> {
    const asked = this.#asked
    try {
      await streamVerified(this.#client, {
        ...{ random: this.#random, core: this.core },
        blocks: integerFrom(this.#random, 1, BLOCKS_MAX),
        onBlock: () => void this.blocks++,
      })
      this.#passed = asked
      this.changed()
    } catch (error) {
      if (!this.#mayLose || !LOSSES.includes(errorCode(error))) throw error
      this.lost++
      await pause(RETRY_AFTER_MS)
    }
  }
}

/** One for each core. */
export async function steadyClients(port: number, cores: number): Promise<SteadyClient[]> {
  return await Promise.all(
    Array.from({ length: cores }, (_, core) => SteadyClient.connect(port, core)),
  )
}
