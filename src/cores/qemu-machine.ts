import { closeSync, fchmodSync, fstatSync } from 'node:fs'
import type { Reactor } from '../reactor/reactor.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { askCore, PARK, RUN } from './ask-core.ts'
import { BOOT_PARAMETERS, bootParameterBytes } from './boot-parameters.ts'
import { bareMetalFirmwarePath } from './built-firmware.ts'
import { checkRegionFile } from './check-region-file.ts'
import type { CoreExit } from './core.ts'
import type { CoreProcess } from './core-process.ts'
import { CoresDoorbell } from './cores-doorbell.ts'
import { CoreError } from './errors.ts'
import type { FirmwareImage } from './firmware-image.ts'
import { flatImage } from './flat-image.ts'
import { loadableElf } from './loadable-elf.ts'
import { type CoreMachine, MachineCore } from './machine-core.ts'
import { qemuArguments } from './qemu-arguments.ts'
import type { EntryLevel, QemuBoard } from './qemu-board.ts'
import { readQemuFirmware } from './qemu-firmware.ts'
import { DOORBELL_FD, endedAtOnce, type QemuProcess, startQemu } from './qemu-process.ts'
import { unnamedFile } from './unnamed-file.ts'

const EMULATOR = 'qemu-system-aarch64'

/** The file descriptors at which QEMU finds what it is given, after its doorbell. */
const REGION_FD = 4
const IMAGE_FD = 5

/** From the start of QEMU to the firmware's first bell, in milliseconds; seen: 100. */
const START_TIMEOUT_MS = 20_000

type CoreStatus = SharedRegion['shared']['status'][number]

export interface QemuMachineOptions {
  /** What QEMU is to be. */
  readonly board: QemuBoard
  /** What is shared with its cores: it lies in its file where the board has it. Each of its cores is started. */
  readonly region: SharedRegion
  /** The image, or the path of an ELF file. Default: the one that was built here. */
  readonly firmware?: string | FirmwareImage
  /** What hears the bells. Default `Reactor.shared`; without the addon, Node. */
  readonly reactor?: Reactor
  /** Name in PATH, or path, of QEMU. Default `qemu-system-aarch64`. */
  readonly emulator?: string
  /** The exception level at which the firmware begins. Default: the first of the board's. */
  readonly entryLevel?: EntryLevel
  /**
   * How long the firmware may take to its first bell, in milliseconds. Default
   * {@link START_TIMEOUT_MS}.
   */
  readonly startTimeoutMs?: number
  /** Gives the start up: the machine is ended at once, and the start rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * A board with bare-metal firmware in QEMU: one process for all cores of a region. Its doorbell is a
 * socket that its cores share.
 *
 * It ends once every core that was taken has ended, and with the thread that started it.
 * A core that was stopped, has faulted or is to be given up can begin anew while the others go on.
 */
export class QemuMachine implements CoreMachine {
  readonly kind: QemuBoard['kind']
  readonly #cores: MachineCore[]
  readonly #taken = new Set<number>()
  readonly #region: SharedRegion
  readonly #process: CoreProcess
  readonly #doorbell: CoresDoorbell
  #onFirstBell: () => void = () => {}
  #killedFor: string | undefined
  /** It has ended, or will in a moment. */
  #hasEnded = false

  /** @param cores what each says of itself, before the machine is started. */
  private constructor(
    kind: QemuBoard['kind'],
    { process, openBellEnd }: QemuProcess,
    region: SharedRegion,
    cores: readonly CoreStatus[],
  ) {
    this.kind = kind
    this.#process = process
    this.#region = region
    this.#cores = cores.map((before, index) => this.#coreAfter(index, before))
    this.#doorbell = new CoresDoorbell(openBellEnd, (core) => {
      this.#onFirstBell()
      this.cores[core]?.onBell()
    })
    void process.exited.then((exit) => {
      this.#hasEnded = true
      this.#doorbell.close()
      const why = this.#killedFor
      for (const core of this.cores) core.end(why === undefined ? exit : { ...exit, stderr: why })
    })
  }

  /**
   * Starts the machine, and waits until its firmware runs. Its cores may have rung before this
   * resolves: look once at what they have to say.
   *
   * @throws {CoreError} `ERR_CARILLON_EMULATOR_MISSING`; `ERR_CARILLON_FIRMWARE_…`;
   *   `ERR_CARILLON_CORE_START` where QEMU ends at once, with what it said; `ERR_CARILLON_CORE_TIMEOUT` where the firmware does not ring in time.
   * @throws {ElfError}, {@link LayoutError} where the image cannot be used.
   * @throws {ArgumentError} where the region is no file's, does not lie there as the board has it, or
   *   is too large.
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` where the region has been removed,
   *   `ERR_CARILLON_REGION_TRUNCATED` where its file has been cut short.
   */
  static async start(options: QemuMachineOptions): Promise<QemuMachine> {
    const { board, region, emulator = EMULATOR, startTimeoutMs = START_TIMEOUT_MS } = options
    checkRegionFile(region, board.place)
    const image = await imageOf(options.firmware ?? bareMetalFirmwarePath(board.kind), board)
    const regionBytes = region.memory.bytes.byteLength
    const args = qemuArguments(board, {
      image: descriptor(IMAGE_FD),
      cores: region.cores,
      path: descriptor(REGION_FD),
      regionBytes,
      doorbellFd: DOORBELL_FD,
      entryLevel: options.entryLevel ?? board.entryLevels[0] ?? 1,
    })
    const parameters = { region: board.regionAddress, regionBytes, cores: region.cores }
    const imageFd = imageFile(board, image, bootParameterBytes(parameters))
    let lock = () => {}
    try {
      lock = unlockForOwner(region.fd)
      const before = region.shared.status.slice(0, region.cores)
      options.signal?.throwIfAborted()
      const started = await startQemu(emulator, args, [region.fd, imageFd], options.reactor)
      const machine = new QemuMachine(board.kind, started, region, before)
      await machine.#running(emulator, startTimeoutMs, options.signal)
      return machine
    } finally {
      lock()
      closeSync(imageFd)
    }
  }

  /** Each as it was last started. */
  get cores(): readonly MachineCore[] {
    return this.#cores
  }

  /** A core of it that somebody has taken has not ended. Where nobody has, any. */
  get isInUse(): boolean {
    return this.#cores.some(
      ({ hasEnded, index }) => !hasEnded && (this.#taken.size === 0 || this.#taken.has(index)),
    )
  }

  /** A core of it, for somebody who will end it. undefined where there is none of this index. */
  take(index: number): MachineCore | undefined {
    if (this.#cores[index] !== undefined) this.#taken.add(index)
    return this.#cores[index]
  }

  /** QEMU's. */
  get pid(): number {
    return this.#process.pid
  }

  /** Rings a core's doorbell. */
  ring(core: number): void {
    this.#doorbell.ring(core)
  }

  /** How QEMU ended, once it has. */
  get exited(): Promise<CoreExit> {
    return this.#process.exited
  }

  /** Waits for the machine to end by itself, and kills it where it has not in time. */
  ended(timeoutMs: number): Promise<boolean> {
    return this.#process.ended(timeoutMs)
  }

  /**
   * Ends the machine at once.
   *
   * @param why what its cores' `exit` says.
   */
  kill(why?: string): void {
    this.#killedFor ??= why
    // From here on nothing begins in it, whatever it still does.
    this.#hasEnded = true
    this.#process.kill()
  }

  /**
   * Makes a core begin anew, whatever it is at, while the others go on.
   *
   * @param timeoutMs how long it may take, in milliseconds.
   * @param signal gives it up: the core is to park.
   * @returns undefined where it does not: it hangs with its interrupts masked, or the machine does.
   */
  async restart(
    index: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<MachineCore | undefined> {
    const status = this.#region.shared.status[index]
    if (status === undefined || this.#cores[index] === undefined || this.#hasEnded) return undefined
    this.#cores[index]?.end({ code: null, signal: 'SIGKILL', stderr: 'it was to begin anew' })
    const core = this.#coreAfter(index, status)
    this.#cores[index] = core
    let onAbort = () => {}
    const begun = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, false)
      const settle = (hasBegun: boolean) => {
        clearTimeout(timer)
        resolve(hasBegun)
      }
      core.on('bell', () => core.hasBooted && settle(true))
      core.once('exit', () => settle(false))
      onAbort = () => core.kill()
      this.#ask(index, RUN)
      if (signal?.aborted) onAbort()
      else signal?.addEventListener('abort', onAbort)
    })
    signal?.removeEventListener('abort', onAbort)
    core.removeAllListeners()
    return begun ? core : undefined
  }

  /** Makes a core park, whatever it is at, until it is to begin anew. */
  park(index: number): void {
    if (!this.#hasEnded) this.#ask(index, PARK)
  }

  /** With the last of its cores the machine ends. */
  async left(): Promise<void> {
    if (this.isInUse) return
    this.kill()
    await this.exited
  }

  #coreAfter(index: number, before: CoreStatus): MachineCore {
    return new MachineCore(this, index, before)
  }

  #ask(index: number, what: typeof RUN | typeof PARK): void {
    askCore(this.#region, index, what)
    this.ring(index)
  }

  async #running(emulator: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const rung = new Promise<'rung'>((resolve) => {
      this.#onFirstBell = () => resolve('rung')
    })
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late')
    })
    let first: 'rung' | 'late' | CoreExit
    try {
      const any = Promise.race([rung, tooLate, this.#process.exited])
      first = await unlessAborted(any, signal)
    } catch (error) {
      this.kill()
      await this.#process.exited
      throw error
    } finally {
      clearTimeout(timer)
      this.#onFirstBell = () => {}
    }
    if (first === 'rung') return
    if (first !== 'late') throw endedAtOnce(emulator, first)
    this.kill()
    await this.#process.exited
    throw new CoreError(
      'ERR_CARILLON_CORE_TIMEOUT',
      `the firmware in ${emulator} did not ring in ${timeoutMs} ms`,
    )
  }
}

async function imageOf(firmware: string | FirmwareImage, board: QemuBoard): Promise<FirmwareImage> {
  return typeof firmware === 'string' ? readQemuFirmware(firmware, board) : firmware
}

/** What of an image is loaded, as a file that the board takes: what was checked, and nothing else. */
function imageFile(board: QemuBoard, image: FirmwareImage, bootParameters: Uint8Array): number {
  const segments = image.load({ [BOOT_PARAMETERS]: bootParameters })
  try {
    return unnamedFile(
      board.takesFlatImage ? flatImage(board.image.start, segments) : loadableElf(image, segments),
    )
  } catch (cause) {
    throw new CoreError(
      'ERR_CARILLON_CORE_START',
      `the firmware cannot be given to QEMU: ${systemReason(cause)}`,
      { cause },
    )
  }
}

/** The name by which QEMU opens what it inherits open. */
function descriptor(fd: number): string {
  return `/proc/self/fd/${fd}`
}

/**
 * QEMU opens the file once more, for writing, though it inherits it open; and nobody may open it so
 * by the rights that a region gives it. While QEMU starts, its owner may.
 *
 * @returns what takes that back.
 */
function unlockForOwner(fd: number): () => void {
  const { mode } = fstatSync(fd)
  fchmodSync(fd, mode | 0o600)
  return () => fchmodSync(fd, mode)
}
