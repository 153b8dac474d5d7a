import { deepEqual, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreLink } from '../../src/bridge/core-link.ts'
import type { MachineCore } from '../../src/cores/machine-core.ts'
import { QemuMachine } from '../../src/cores/qemu-machine.ts'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import {
  fillMessage,
  hashOf,
  LONG_BYTES_MAX,
  MESSAGE,
  wrongWith,
} from '../support/checked-message.ts'
import { buildSoakFirmware } from '../support/firmware-tool.ts'
import { integerFrom, randomFrom, type SoakRun } from '../support/soak.ts'

export const summary =
  'four bare-metal cores exchange messages with the host, both ways at once, and fall asleep at random on both sides; each message is checked, and none may be late'

/** It goes on until all messages are through. */
export const isCounted = true

const CORES = 4
const RING_CAPACITY_BYTES = 65_536

/**
 * Without a message for so long a core is taken for stalled, in milliseconds. Nothing but a bell wakes
 * either side within this time: the cores do not wake by themselves, and the host never looks unasked.
 * So no lost bell is made good.
 */
const STALL_MS = 20_000

/** Messages that are sent in a row, at most. */
const BURST_MAX = 32
const PAUSE_MS_MAX = 3

export async function soak(run: SoakRun): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-virt-'))
  run.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const region = SharedRegion.create(join(folder, 'region'), {
    cores: CORES,
    ringCapacityBytes: RING_CAPACITY_BYTES,
  })
  const machine = await QemuMachine.start({
    board: VIRT_BOARD,
    region,
    firmware: await buildSoakFirmware(),
  })
  run.teardown(async () => {
    machine.kill()
    await machine.ended(10_000)
    region.close()
  })
  const count = Math.ceil(run.messages / CORES)
  const exchanges = machine.cores.map((core) => new Exchange(region, core, count))
  const report = setInterval(() => run.progress(progressOf(exchanges)), 500)
  try {
    await Promise.all(exchanges.map((exchange) => exchange.finish()))
    run.progress(`${progressOf(exchanges)}; all right`)
  } finally {
    clearInterval(report)
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

  constructor(region: SharedRegion, core: MachineCore, count: number) {
    const { index } = core
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
