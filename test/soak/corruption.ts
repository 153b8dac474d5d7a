import { ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreLink } from '../../src/bridge/core-link.ts'
import { HostedCore } from '../../src/cores/hosted-core.ts'
import {
  COMMAND,
  EVENT,
  LIMITS,
  OpenStream,
  RingControl,
  SharedMem,
} from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { buildSanitizedFirmware } from '../support/firmware-tool.ts'
import { integerFrom, randomFrom, type SoakRun } from '../support/soak.ts'

export const summary =
  'bytes of a region are written over at random while a core works: links are lost and made anew, nothing else'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const BYTES_AT_ONCE_MAX = 4
/** How often a host looks without a bell; here more often than a server does, to be quick. */
const LOOK_EVERY_MS = 5
/** Each way of an attempt takes a millisecond, or a look, or a core's heartbeat where a bell is lost. */
const ATTEMPT_MS = 500
const RECOVER_WITHIN_MS = 20_000
const BLOCK = Uint8Array.from({ length: 64 }, (_, at) => at)
const NOTHING = new Uint8Array(0)

export async function soak(run: SoakRun): Promise<void> {
  const random = randomFrom(7)
  const bench = await Bench.start(run)
  await bench.recover()
  const end = performance.now() + run.durationMs
  let cases = 0
  do {
    cases++
    bench.corrupt(random)
    await bench.recover()
    if (cases % 100 === 0) run.progress(bench.describe(cases))
    // A run in which no link was lost has shown nothing, however short it is.
  } while (performance.now() < end || bench.links === 1)
  run.progress(bench.describe(cases))
}

/** A region, a core under AddressSanitizer, and a host that recovers as a server does. */
class Bench {
  links = 0
  readonly #region: SharedRegion
  readonly #link: CoreLink
  #core: HostedCore | undefined
  #renewals = 0
  #attempts = 0
  #ended: string | undefined
  #onRecord: (record: RingRecord, bytes: Uint8Array) => void = () => {}
  #changed: () => void = () => {}

  private constructor(region: SharedRegion) {
    this.#region = region
    this.#link = new CoreLink(region, 0, () => this.#core?.ring(), {
      onLinked: () => {
        this.links++
        this.#changed()
      },
      onUnlinked: () => this.#changed(),
      onRecord: (record, bytes) => this.#onRecord(record, bytes),
      onRoom: () => {},
    })
  }

  static async start(run: SoakRun): Promise<Bench> {
    const firmware = await buildSanitizedFirmware()
    const folder = mkdtempSync(join(tmpdir(), 'carillon-corruption-'))
    run.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const options = { cores: 1, ringCapacityBytes: CAPACITY }
    const bench = new Bench(SharedRegion.create(join(folder, 'region'), options))
    const core = await HostedCore.start({ region: bench.#region, core: 0, firmware })
    bench.#core = core
    core.on('bell', () => bench.#link.onBell())
    core.on('exit', (exit) => {
      bench.#ended = JSON.stringify(exit)
      bench.#changed()
    })
    const look = setInterval(() => bench.#look(), LOOK_EVERY_MS)
    run.teardown(async () => {
      clearInterval(look)
      bench.#link.close(new Error('the soak is over'))
      core.kill()
      await core.ended(10_000)
      bench.#region.remove()
    })
    return bench
  }

  describe(cases: number): string {
    return `${cases} cases: ${this.links} links, ${this.#renewals} new sessions, ${this.#attempts} attempts`
  }

  /** A few bytes, mostly where they are looked at: the head of the region, the rings' controls. */
  corrupt(random: () => number): void {
    const { bytes } = this.#region.memory
    const ring = RingControl.bytes + CAPACITY
    const [first, second] = [SharedMem.bytes, SharedMem.bytes + ring]
    const areas = [
      [0, bytes.length],
      [0, SharedMem.bytes],
      [first, RingControl.bytes],
      [second, RingControl.bytes],
      [first + RingControl.bytes, 4096],
      [second + RingControl.bytes, 4096],
    ] as const
    for (let count = integerFrom(random, 1, BYTES_AT_ONCE_MAX); count > 0; count--) {
      const [start, length] = areas[integerFrom(random, 0, areas.length - 1)] ?? areas[0]
      bytes[start + integerFrom(random, 0, length - 1)] = integerFrom(random, 0, 255)
    }
  }

  /** Until a stream comes back right. */
  async recover(): Promise<void> {
    const giveUp = performance.now() + RECOVER_WITHIN_MS
    while (!(await this.#attempt())) {
      ok(this.#ended === undefined, `the core has ended: ${this.#ended}`)
      ok(performance.now() < giveUp, 'nothing comes back any more')
      this.#link.unlink(new Error('no answer'))
    }
  }

  #look(): void {
    if (!this.#region.isIntact) {
      this.#region.renew()
      this.#renewals++
    }
    this.#link.onBell()
  }

  /** Opens a stream, passes a block through it and closes it. */
  async #attempt(): Promise<boolean> {
    this.#attempts++
    const until = performance.now() + ATTEMPT_MS
    if (!(await this.#wait(() => this.#link.isLinked, until))) return false
    const open = new Uint8Array(OpenStream.bytes)
    const format = { sampleRateHz: 48_000, channels: 1 }
    Object.assign(viewStruct(OpenStream, memoryOver(open), 0, 'host'), format)
    let answers = 0
    const expected = [EVENT.STARTED, EVENT.SAMPLES, EVENT.CLOSED]
    this.#onRecord = ({ type, offset, length }, bytes) => {
      const isRight =
        type !== EVENT.SAMPLES || BLOCK.every((byte, at) => bytes[offset + at] === byte)
      if (type === expected[answers] && isRight && length >= 0) answers++
      this.#changed()
    }
    this.#link.send(COMMAND.OPEN, 0, 0, open)
    this.#link.send(COMMAND.START, 0, 0, NOTHING)
    this.#link.send(COMMAND.SAMPLES, 0, 0, BLOCK)
    this.#link.send(COMMAND.CLOSE, 0, 0, NOTHING)
    return this.#wait(() => answers === expected.length, until)
  }

  async #wait(isSo: () => boolean, until: number): Promise<boolean> {
    while (!isSo()) {
      const leftMs = until - performance.now()
      if (leftMs <= 0 || this.#ended !== undefined) return false
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return true
  }
}
