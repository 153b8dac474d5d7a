import { setTimeout as pause } from 'node:timers/promises'
import { ArgumentError } from '../errors.ts'
import type { Reactor } from '../reactor/reactor.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { askCore, PARK, RUN } from './ask-core.ts'
import type { BoardAccess, BoardCoreState, BoardEar } from './board-access.ts'
import { boardParameters, holdsImage, writeImage } from './board-image.ts'
import { BOOT_PARAMETERS } from './boot-parameters.ts'
import type { BoardKind } from './core-kind.ts'
import { BoardError, CoreError } from './errors.ts'
import type { FirmwareImage } from './firmware-image.ts'
import { type CoreMachine, MachineCore } from './machine-core.ts'

/** How long a core may take to begin, and to turn itself off, in milliseconds; seen: 5. */
const BEGIN_TIMEOUT_MS = 2_000
const OFF_TIMEOUT_MS = 2_000

/** How often the driver is asked meanwhile, in milliseconds: it has no event for it. */
const ASK_AGAIN_MS = 2

/**
 * How often a core is asked to park meanwhile, in milliseconds: one that was just beginning takes what
 * it was asked before for done.
 */
const PARK_AGAIN_MS = 50

export interface BoardMachineOptions {
  readonly access: BoardAccess
  /** What is shared with its cores: it lies where the board has it. */
  readonly region: SharedRegion
  /** What hears the bells. Default: the thread's own. */
  readonly reactor?: Reactor
  /** How long a core may take to begin, in milliseconds. Default {@link BEGIN_TIMEOUT_MS}. */
  readonly beginTimeoutMs?: number
  /** How long a core may take to turn itself off, in milliseconds. Default {@link OFF_TIMEOUT_MS}. */
  readonly offTimeoutMs?: number
}

/**
 * The cores of this machine that are the firmware's, and not Linux's. The region's core 0 is the first
 * of them.
 *
 * With the driver a core that stops is turned off, and the memory of the firmware is loaded while all of
 * them are off. Without it, they are used as they are: a core that stops waits in the firmware.
 */
export class BoardMachine implements CoreMachine {
  readonly kind: BoardKind
  readonly pid: undefined
  readonly #access: BoardAccess
  readonly #region: SharedRegion
  readonly #ear: BoardEar
  /** What it sets in images. */
  readonly #parameters: Uint8Array
  readonly #beginTimeoutMs: number
  readonly #offTimeoutMs: number
  readonly #cores = new Map<number, MachineCore>()
  readonly #givenUp = new Set<Promise<void>>()

  /**
   * @throws {ArgumentError} where the region has more cores than the board has for the firmware.
   * @throws the system's error where the bells cannot be heard.
   */
  constructor(options: BoardMachineOptions) {
    const { access, region, reactor } = options
    const { name, cores } = access.board
    if (region.cores > cores.firmware.length) {
      throw new ArgumentError(
        `the board ${name} has ${cores.firmware.length} cores for the firmware, not ${region.cores}`,
      )
    }
    this.kind = `board:${name}`
    this.#access = access
    this.#region = region
    this.#beginTimeoutMs = options.beginTimeoutMs ?? BEGIN_TIMEOUT_MS
    this.#offTimeoutMs = options.offTimeoutMs ?? OFF_TIMEOUT_MS
    this.#parameters = boardParameters(access.board, access.power !== undefined)
    this.#ear = access.listen(() => this.#onBell(), reactor)
  }

  ring(index: number): void {
    this.#access.ring(this.#numberOf(index))
  }

  park(index: number): void {
    this.#ask(index, PARK)
  }

  async left(index: number): Promise<void> {
    await this.#untilOff(index)
  }

  /** Waits for the cores whose start was given up to be off, up to two seconds. */
  async settle(): Promise<void> {
    await Promise.all(this.#givenUp)
  }

  #giveUp(core: MachineCore): void {
    core.kill()
    const off = this.left(core.index).finally(() => this.#givenUp.delete(off))
    this.#givenUp.add(off)
  }

  /** Hears nothing more, and rings nobody. */
  close(): void {
    this.#ear.close()
  }

  /** Whether a core of the firmware is on, as far as the driver tells. */
  get isOn(): boolean {
    return this.#indices.some((index) => this.#isOn(index))
  }

  /** Whether an image is in the memory of the firmware. */
  holds(image: FirmwareImage): boolean {
    return holdsImage(this.#access, image, this.#parameters)
  }

  /**
   * Loads an image. Cores of the firmware that are on, perhaps of another host, are turned off first.
   *
   * @param signal gives it up, with its reason: nothing is loaded then.
   * @throws {BoardError} `ERR_CARILLON_BOARD_DRIVER` without the driver, `_ACCESS`.
   * @throws {CoreError} `ERR_CARILLON_CORE_TIMEOUT` where a core does not turn itself off.
   */
  async load(image: FirmwareImage, signal?: AbortSignal): Promise<void> {
    if (this.#access.power === undefined) {
      throw new BoardError(
        'ERR_CARILLON_BOARD_DRIVER',
        `${image.name} is not what is in the firmware's memory, for a host without the driver (boards/linux), and nothing can be loaded there without it`,
      )
    }
    // Every core of the board, also those that this region has not.
    const on = this.#indices.filter((index) => this.#isOn(index))
    for (const index of on) this.#ask(index, PARK)
    const off = await Promise.all(on.map((index) => this.#untilOff(index, signal)))
    signal?.throwIfAborted()
    const stuck = on.find((_, at) => off[at] !== true)
    if (stuck !== undefined) throw doesNot(stuck, 'turn itself off')
    writeImage(this.#access, image.load({ [BOOT_PARAMETERS]: this.#parameters }))
  }

  /**
   * Starts a core, or makes one begin anew that is on, whatever it is at. It has told of its boot when
   * this resolves.
   *
   * @param signal gives it up, with its reason: the core is to park.
   * @throws {CoreError} `ERR_CARILLON_CORE_TIMEOUT` where it does not begin.
   * @throws {BoardError} `ERR_CARILLON_BOARD_ACCESS`.
   */
  async start(index: number, entry: bigint, signal?: AbortSignal): Promise<MachineCore> {
    const status = this.#region.shared.status[index]
    if (status === undefined || index >= this.#region.cores) {
      throw new ArgumentError(`the region has no core ${index}`)
    }
    const before = this.#cores.get(index)
    before?.end({ code: null, signal: 'SIGKILL', stderr: 'it was to begin anew' })
    // It is about to be off.
    if (before !== undefined) await this.#untilOff(index, signal)
    signal?.throwIfAborted()
    const core = new MachineCore(this, index, status)
    this.#cores.set(index, core)
    let hasBegun = false
    try {
      hasBegun = await this.#begins(core, entry, signal)
      signal?.throwIfAborted()
      // It may have been on its way off when it was asked.
      if (!hasBegun && !this.#isOn(index)) hasBegun = await this.#begins(core, entry, signal)
      signal?.throwIfAborted()
    } catch (error) {
      if (signal?.aborted) this.#giveUp(core)
      throw error
    } finally {
      if (!hasBegun || signal?.aborted) this.#cores.delete(index)
    }
    if (!hasBegun) throw doesNot(index, 'begin')
    return core
  }

  async #begins(core: MachineCore, entry: bigint, signal?: AbortSignal): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const begun = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, this.#beginTimeoutMs, false)
      core.on('bell', () => core.hasBooted && resolve(true))
    })
    try {
      if (this.#isOn(core.index)) this.#ask(core.index, RUN)
      else this.#access.power?.start(this.#numberOf(core.index), Number(entry))
      return (await unlessAborted(begun, signal)) || core.hasBooted
    } finally {
      clearTimeout(timer)
      core.removeAllListeners()
    }
  }

  get #indices(): number[] {
    return this.#access.board.cores.firmware.map((_, index) => index)
  }

  #numberOf(index: number): number {
    return (this.#access.board.cores.firmware[0] ?? 0) + index
  }

  #stateOf(index: number): BoardCoreState {
    return this.#access.power?.state(this.#numberOf(index)) ?? 'on'
  }

  #isOn(index: number): boolean {
    const state = this.#stateOf(index)
    return state === 'on' || state === 'pending'
  }

  #ask(index: number, what: typeof RUN | typeof PARK): void {
    askCore(this.#region, index, what)
    this.ring(index)
  }

  /** Waits for a core that was asked to park. False where it is still on after a while, or when the signal is aborted; at once without the driver, where none is ever off. */
  async #untilOff(index: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#access.power === undefined) return false
    const beganMs = performance.now()
    let parksAtMs = beganMs + PARK_AGAIN_MS
    while (this.#isOn(index)) {
      const nowMs = performance.now()
      if (nowMs >= beganMs + this.#offTimeoutMs || signal?.aborted) return false
      if (nowMs >= parksAtMs) {
        this.#ask(index, PARK)
        parksAtMs += PARK_AGAIN_MS
      }
      await pause(ASK_AGAIN_MS)
    }
    return true
  }

  /** One interrupt for all of them. */
  #onBell(): void {
    for (const core of [...this.#cores.values()]) core.onBell()
  }
}

function doesNot(index: number, what: string): CoreError {
  return new CoreError(
    'ERR_CARILLON_CORE_TIMEOUT',
    `core ${index} does not ${what}: it may hang with its interrupts masked, which only a start of the whole machine ends`,
  )
}
