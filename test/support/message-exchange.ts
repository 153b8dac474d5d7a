import { deepEqual, ok } from 'node:assert/strict'
import { CoreLink } from '../../src/bridge/core-link.ts'
import type { Core } from '../../src/cores/core.ts'
import type { SharedRegion } from '../../src/shm/shared-region.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import { fillMessage, hashOf, LONG_BYTES_MAX, MESSAGE, wrongWith } from './checked-message.ts'
import { integerFrom, randomFrom } from './soak.ts'

/** Of the rings that messages go through: small, so that each side often waits for room. */
export const EXCHANGE_RING_BYTES = 65_536

/**
 * Without a message for so long a core is taken for stalled, in milliseconds. Nothing but a bell wakes
 * either side within this time: the cores do not wake by themselves, and the host never looks unasked.
 * So no lost bell is made good, but by the bell of another core where all of them ring by one interrupt.
 */
const STALL_MS = 20_000

const REPORT_EVERY_MS = 500

/** Messages that are sent in a row, at most. */
const BURST_MAX = 32
const PAUSE_MS_MAX = 3

/**
 * Exchanges checked messages with cores that run `buildSoakFirmware`'s image, both ways at once, while
 * both sides fall asleep at random. Resolves once every core was sent so many, and answered them.
 *
 * @param cores those of the region from its first on, started and not linked yet.
 * @param count of messages, each way, for each of them.
 * @param report told how it goes.
 * @throws where a message is wrong, lost or late, or a core has never slept, or never let sleep.
 */
export async function exchangeMessages(
  region: SharedRegion,
  cores: readonly Core[],
  count: number,
  report: (text: string) => void,
): Promise<void> {
  const exchanges = cores.map((core, index) => new Exchange(region, index, core, count))
  const timer = setInterval(() => report(progressOf(exchanges)), REPORT_EVERY_MS)
  try {
    await Promise.all(exchanges.map((exchange) => exchange.finish()))
    report(`${progressOf(exchanges)}; all right`)
  } finally {
    clearInterval(timer)
    for (const exchange of exchanges) exchange.close()
  }
}

function progressOf(exchanges: readonly Exchange[]): string {
  const sum = (figure: (exchange: Exchange) => number) =>
    exchanges.reduce((total, exchange) => total + figure(exchange), 0)
  const [out, back] = [sum(({ sent }) => sent), sum(({ received }) => received)]
  const [rung, heard] = [sum(({ bellsRung }) => bellsRung), sum(({ bellsHeard }) => bellsHeard)]
  return `${out} messages to the cores, ${back} from them; ${rung} bells to them, ${heard} from them`
}

/** The host's side of one core: sends in bursts, pauses, and checks what comes back. */
class Exchange {
  sent = 0
  received = 0
  bellsRung = 0
  bellsHeard = 0
  readonly #core: number
  readonly #count: number
  readonly #region: SharedRegion
  readonly #link: CoreLink
  readonly #random: () => number
  readonly #scratch = new Int32Array(LONG_BYTES_MAX / 4)
  readonly #timer: NodeJS.Timeout
  /** Messages that are left of the burst. */
  #burst = 0
  /** The next burst waits until all that was sent is answered: then both sides sleep. */
  #isQuiet = false
  #movedAtMs = performance.now()
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined
  #error: Error | undefined

  constructor(region: SharedRegion, index: number, core: Core, count: number) {
    this.#core = index
    this.#count = count
    this.#region = region
    this.#random = randomFrom(index + 1)
    const ring = () => {
      this.bellsRung++
      core.ring()
    }
    this.#link = new CoreLink(region, index, ring, {
      onLinked: () => this.#nextBurst(),
      onUnlinked: (reason) => this.#fail(reason),
      onRecord: (record) => this.#take(record),
      onRoom: () => this.#send(),
    })
    core.on('bell', () => {
      this.bellsHeard++
      this.#link.onBell()
    })
    core.on('exit', ({ stderr }) => this.#fail(new Error(`the machine has ended: ${stderr}`)))
    this.#timer = setInterval(() => this.#look(), 1000)
    this.#link.onBell()
  }

  /** Resolves when all is sent and received; rejects with what is wrong. */
  async finish(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#settleIfOver()
    })
    const { blocks, refused } = this.#link.status
    deepEqual({ blocks, refused }, { blocks: this.#count, refused: 0 }, this.#name)
    deepEqual(this.#link.lost, { toCore: 0, fromCore: 0 })
    ok(this.bellsRung > 0 && this.bellsHeard > 0, `${this.#name} never slept, or never let sleep`)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#settle = undefined
    this.#link.close(new Error('the soak is over'))
  }

  get #name(): string {
    return `core ${this.#core}`
  }

  #nextBurst(): void {
    // More often few than many: the fewer, the more often somebody falls asleep.
    this.#burst = integerFrom(() => this.#random() ** 2, 1, BURST_MAX)
    this.#isQuiet = this.#random() < 0.4
    this.#send()
  }

  #send(): void {
    while (this.#burst > 0 && this.sent < this.#count) {
      const hash = hashOf(this.#core, 'to-core', this.sent)
      const payload = fillMessage(this.#scratch, hash)
      if (!this.#link.send(MESSAGE, hash, this.sent, payload)) return // onRoom follows
      this.sent++
      this.#burst--
      this.#movedAtMs = performance.now()
    }
    if (this.sent < this.#count && !this.#isQuiet) this.#planBurst()
  }

  #planBurst(): void {
    // Mostly at once, when what has come was read.
    if (this.#random() < 0.75) setImmediate(() => this.#nextBurst())
    else setTimeout(() => this.#nextBurst(), this.#random() * PAUSE_MS_MAX)
  }

  #take(record: RingRecord): void {
    const sequence = this.received
    const hash = hashOf(this.#core, 'from-core', sequence)
    const wrong = wrongWith(record, this.#region.memory, { hash, sequence })
    if (wrong !== undefined) {
      this.#fail(new Error(`message ${sequence} of ${this.#name} is wrong: ${wrong}`))
      return
    }
    this.received++
    this.#movedAtMs = performance.now()
    if (this.#isQuiet && this.#burst === 0 && this.received === this.sent) {
      this.#isQuiet = false
      this.#planBurst()
    }
    this.#settleIfOver()
  }

  #look(): void {
    if (performance.now() - this.#movedAtMs < STALL_MS || this.received === this.#count) return
    const { toCore, fromCore, status } = this.#link
    const where = `${this.sent} sent, ${this.received} received, ${toCore.unread} unread to it, ${fromCore.unread} from it, heartbeat ${status.heartbeat}`
    this.#fail(new Error(`${this.#name} has stalled for ${STALL_MS} ms: ${where}`))
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#settleIfOver()
  }

  #settleIfOver(): void {
    if (this.#error !== undefined) this.#settle?.reject(this.#error)
    else if (this.received === this.#count) this.#settle?.resolve()
  }
}
