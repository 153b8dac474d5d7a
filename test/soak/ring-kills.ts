import { equal, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { regionBytes } from '../../src/shm/region-format.ts'
import { LIMITS, RingControl } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { type StructView, viewStruct } from '../../src/shm/struct-view.ts'
import type { HostReport } from '../bridge/streaming-host.ts'
import { Conditions } from '../reactor/conditions.ts'
import { killProcess } from '../support/kill-process.ts'
import { integerFrom, randomFrom, type SoakRun } from '../support/soak.ts'

export const summary =
  'either side of a pair of rings, or both, is killed at any moment; the pair works again, and what was lost is counted'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const HOST = fileURLToPath(new URL('../bridge/streaming-host.js', import.meta.url))
/** Longest time of work before a kill. */
const WORK_MS_MAX = 20
/** What the median may be; any one may take longer where the machine does something else. */
const WORKS_AGAIN_WITHIN_MS = 100
/** Of fewer, one that a busy machine delays may be the median. Each is waited for in any case. */
const KILLS_FOR_A_MEDIAN = 50
const PATIENCE_MS = 30_000
/** Answers that a core may have given to commands which it has not freed: `COMMANDS_PER_TURN`. */
const UNFREED_MAX = 32
/** Of a core that has nothing to do: more than a turn of one that has. */
const BEATS = 3

export async function soak(run: SoakRun): Promise<void> {
  const end = performance.now() + run.durationMs
  const random = randomFrom(3)
  const pair = new Pair(run)
  await pair.startBoth()
  let kills = 0
  do {
    await pair.work(integerFrom(random, 0, WORK_MS_MAX))
    const choice = integerFrom(random, 0, 4)
    if (choice < 2) await pair.restartCore()
    else if (choice < 4) await pair.restartHost()
    else await pair.restartBoth()
    kills += choice === 4 ? 2 : 1
    run.progress(`${kills} kills; ${pair.describe()}`)
  } while (performance.now() < end)
  if (kills >= KILLS_FOR_A_MEDIAN) ok(pair.medianMs <= WORKS_AGAIN_WITHIN_MS, pair.describe())
}

/** A region, a host and a core on it, each a process, and what each must account for. */
class Pair extends Conditions {
  readonly #path: string
  readonly #file: number
  readonly #toCore = EventFd.create()
  readonly #fromCore = EventFd.create()
  #counters: Counters | undefined
  #host: ChildProcess | undefined
  #core: ChildProcess | undefined
  #reports: HostReport[] = []
  #failure: string | undefined
  readonly #recoveriesMs: number[] = []
  #lost = 0

  constructor(run: SoakRun) {
    super()
    const folder = mkdtempSync(join(tmpdir(), 'carillon-ring-kills-'))
    this.#path = join(folder, 'region')
    writeFileSync(this.#path, new Uint8Array(regionBytes(1, CAPACITY)), { mode: 0o600 })
    this.#file = openSync(this.#path, 'r+')
    run.teardown(async () => {
      await Promise.all([killIfAny(this.#host), killIfAny(this.#core)])
      closeSync(this.#file)
      this.#toCore.close()
      this.#fromCore.close()
      rmSync(folder, { recursive: true, force: true })
    })
  }

  get medianMs(): number {
    return quantile(this.#recoveriesMs, 0.5)
  }

  describe(): string {
    const ms = (share: number) => quantile(this.#recoveriesMs, share).toFixed(1)
    return `works again after ${ms(0.5)} ms (median), ${ms(0.99)} ms (p99), ${ms(1)} ms at most; ${this.#lost} records lost and counted`
  }

  async startBoth(): Promise<void> {
    await this.#startHost()
    this.#startCore()
    await this.#heard('answered')
    this.#counters = new Counters(this.#path)
  }

  /** Lets the pair work for a while. */
  async work(ms: number): Promise<void> {
    await setTimeout(ms)
    ok(this.#failure === undefined, this.#failure)
  }

  async restartCore(): Promise<void> {
    this.#reports = []
    await killIfAny(this.#core)
    const back = now()
    this.#startCore()
    const { at } = await this.#heard('answered')
    this.#recoveriesMs.push(at - back)
    const { sent, received } = await this.#heard('unlinked')
    const lost = await this.#heard('lost')
    const consumed = sent - lost.toCore
    // Of all commands, the first alone has no answer.
    const answered = received + lost.fromCore
    const account = JSON.stringify({ sent, received, lost })
    ok(answered >= Math.max(consumed - 1, 0) && answered <= consumed + UNFREED_MAX, account)
    this.#lost += lost.toCore + lost.fromCore
  }

  async restartHost(): Promise<void> {
    const counters = this.#counters
    if (counters === undefined) throw new Error('the pair has not started')
    await killIfAny(this.#host)
    await counters.untilStill()
    const { lost: before } = counters
    const { unread } = counters
    this.#reports = []
    const { at: back } = await this.#startHost()
    const { at } = await this.#heard('answered')
    this.#recoveriesMs.push(at - back)
    equal((counters.lost - before) >>> 0, unread, 'the core counts what the host has left')
    this.#lost += unread
  }

  async restartBoth(): Promise<void> {
    await Promise.all([killIfAny(this.#host), killIfAny(this.#core)])
    this.#reports = []
    this.#startCore()
    const { at: back } = await this.#startHost()
    const { at } = await this.#heard('answered')
    this.#recoveriesMs.push(at - back)
  }

  async #startHost(): Promise<Report<'attached'>> {
    const [wait, ring] = [5, 4]
    const host = spawn(process.execPath, [HOST, this.#path, `${CAPACITY}`, `${ring}`, `${wait}`], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', this.#toCore.fd, this.#fromCore.fd],
    })
    this.#host = host
    host.on('message', (report) => {
      // What one that has been killed has said is of no interest any more.
      if (host !== this.#host) return
      this.#reports.push(report as HostReport)
      this.changed()
    })
    this.#watch('host', host)
    return await this.#heard('attached')
  }

  #startCore(): void {
    const args = [
      ...['--region', this.#path, '--region-fd', '4', '--core', '0'],
      ...['--doorbell', '3', '--wait', '5', '--ring', '6'],
    ]
    this.#core = spawn(HOSTED_FIRMWARE, args, {
      stdio: [
        ...(['ignore', 'ignore', 'inherit', 'pipe'] as const),
        ...[this.#file, this.#toCore.fd, this.#fromCore.fd],
      ],
    })
    this.#watch('core', this.#core)
  }

  /** One that ends by itself has found something wrong, and says so on standard error. */
  #watch(name: string, process: ChildProcess): void {
    process.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') return
      this.#failure = `the ${name} has ended with ${signal ?? code}`
      this.changed()
    })
  }

  async #heard<Name extends HostReport['event']>(event: Name): Promise<Report<Name>> {
    const find = () => this.#reports.find((report) => report.event === event)
    await Promise.race([
      this.until(() => find() !== undefined || this.#failure !== undefined),
      setTimeout(PATIENCE_MS, undefined, { ref: false }),
    ])
    const found = find()
    ok(found !== undefined, this.#failure ?? `not ${event} within ${PATIENCE_MS} ms`)
    return found as Report<Name>
  }
}

type Report<Name extends HostReport['event']> = Extract<HostReport, { event: Name }>

/** What the region itself says, looked at from outside. */
class Counters {
  readonly #status: SharedRegion<'reader'>['shared']['status'][number]
  readonly #rings: readonly StructView<typeof RingControl, 'reader'>[]

  constructor(path: string) {
    const { memory, shared } = SharedRegion.attach(path)
    const [status] = shared.status
    if (status === undefined) throw new Error('there is no core')
    this.#status = status
    this.#rings = shared.rings
      .slice(0, shared.header.ringCount)
      .map(({ offset }) => viewStruct(RingControl, memory, offset, 'reader'))
  }

  /** Records that the core has found in the rings when they went out of use. */
  get lost(): number {
    return this.#status.lost
  }

  /** Records in both rings. */
  get unread(): number {
    return this.#rings.reduce(
      (sum, { producer, consumer }) => sum + ((producer.records - consumer.records) >>> 0),
      0,
    )
  }

  /** Resolves when a core without a host has done what it can: it beats, and nothing else moves. */
  async untilStill(): Promise<void> {
    const positions = () =>
      this.#rings.map(({ producer, consumer }) => `${producer.tail} ${consumer.head}`).join()
    for (let before = ''; before !== positions(); ) {
      before = positions()
      const { heartbeat } = this.#status
      while (((this.#status.heartbeat - heartbeat) | 0) < BEATS) await setTimeout(1)
    }
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

async function killIfAny(process: ChildProcess | undefined): Promise<void> {
  if (process !== undefined) await killProcess(process)
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
}
