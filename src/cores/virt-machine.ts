import { fchmodSync, fstatSync } from 'node:fs'
import { errorCode } from '../errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'
import { checkWholeFile } from './check-whole-file.ts'
import type { CoreExit } from './core.ts'
import { CoreProcess } from './core-process.ts'
import { CoresDoorbell } from './cores-doorbell.ts'
import { CoreError } from './errors.ts'
import { virtArguments } from './virt-arguments.ts'
import { VirtCore } from './virt-core.ts'
import { readVirtFirmware, VIRT_FIRMWARE } from './virt-firmware.ts'

/** Ends QEMU when this process ends, also where that was killed: QEMU itself would go on for ever. */
const WITH_THIS_PROCESS = ['setpriv', '--pdeathsig', 'KILL', '--'] as const

const EMULATOR = 'qemu-system-aarch64'

/** What a program that runs another one ends with where there is none. */
const NOT_FOUND = 127

/** The file descriptors at which QEMU finds what it is given. */
const DOORBELL_FD = 3
const REGION_FD = 4

/** From the start of QEMU to the firmware's first bell, in milliseconds; seen: 100. */
const START_TIMEOUT_MS = 20_000

export interface VirtMachineOptions {
  /** What is shared with its cores: a whole file. Each of its cores is started. */
  readonly region: SharedRegion
  /** Path of the image. Default {@link VIRT_FIRMWARE}. */
  readonly firmware?: string
  /** Name in PATH, or path, of QEMU. Default `qemu-system-aarch64`. */
  readonly emulator?: string
  /** The exception level at which the firmware begins: 1, or 2 as on most boards. Default 1. */
  readonly entryLevel?: 1 | 2
  /**
   * How long the firmware may take to its first bell, in milliseconds. Default
   * {@link START_TIMEOUT_MS}.
   */
  readonly startTimeoutMs?: number
}

/**
 * QEMU's board `virt` with bare-metal firmware: one process for all cores of a region. Its doorbell is
 * a socket that its cores share.
 *
 * It ends by itself once every core was stopped (`COMMAND.STOP`), and with the thread that started it.
 */
export class VirtMachine {
  readonly cores: readonly VirtCore[]
  readonly #process: CoreProcess
  readonly #doorbell: CoresDoorbell
  #onFirstBell: () => void = () => {}

  private constructor(process: CoreProcess, cores: number) {
    this.#process = process
    this.cores = Array.from({ length: cores }, (_, index) => new VirtCore(this, index))
    this.#doorbell = new CoresDoorbell(process.socketAt(DOORBELL_FD), (core) => {
      this.#onFirstBell()
      this.cores[core]?.emit('bell')
    })
    void process.exited.then((exit) => {
      this.#doorbell.close()
      for (const core of this.cores) core.emit('exit', exit)
    })
  }

  /**
   * Starts the machine, and waits until its firmware runs. Its cores may have rung before this
   * resolves: look once at what they have to say.
   *
   * @throws {CoreError} `ERR_CARILLON_EMULATOR_MISSING`; `ERR_CARILLON_FIRMWARE_MISSING`,
   *   `ERR_CARILLON_FIRMWARE`; `ERR_CARILLON_CORE_START` where QEMU ends at once, with what it said;
   *   `ERR_CARILLON_CORE_TIMEOUT` where the firmware does not ring in time.
   * @throws {ElfError}, {@link LayoutError} where the image cannot be used.
   * @throws {ArgumentError} where the region is no file's, does not start where its file does, or is
   *   too large.
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` where the region has been removed,
   *   `ERR_CARILLON_REGION_TRUNCATED` where its file has been cut short.
   */
  static async start(options: VirtMachineOptions): Promise<VirtMachine> {
    const { region, emulator = EMULATOR, startTimeoutMs = START_TIMEOUT_MS } = options
    checkWholeFile(region)
    const { path, bootParameters } = await readVirtFirmware(options.firmware ?? VIRT_FIRMWARE)
    const args = virtArguments({
      firmware: path,
      bootParameters,
      cores: region.cores,
      regionPath: `/proc/self/fd/${REGION_FD}`,
      regionBytes: region.memory.bytes.byteLength,
      doorbellFd: DOORBELL_FD,
      entryLevel: options.entryLevel ?? 1,
    })
    const lock = unlockForOwner(region.fd)
    try {
      const machine = new VirtMachine(await startQemu(emulator, args, region.fd), region.cores)
      await machine.#running(emulator, startTimeoutMs)
      return machine
    } finally {
      lock()
    }
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

  /** Ends the machine at once. */
  kill(): void {
    this.#process.kill()
  }

  async #running(emulator: string, timeoutMs: number): Promise<void> {
    const rung = new Promise<'rung'>((resolve) => {
      this.#onFirstBell = () => resolve('rung')
    })
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late')
    })
    const first = await Promise.race([rung, tooLate, this.#process.exited])
    clearTimeout(timer)
    this.#onFirstBell = () => {}
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

async function startQemu(
  emulator: string,
  args: readonly string[],
  regionFd: number,
): Promise<CoreProcess> {
  const [command, ...before] = WITH_THIS_PROCESS
  try {
    return await CoreProcess.start(command, [...before, emulator, ...args], ['pipe', regionFd])
  } catch (cause) {
    const missing = errorCode(cause) === 'ENOENT'
    throw new CoreError(
      missing ? 'ERR_CARILLON_EMULATOR_MISSING' : 'ERR_CARILLON_CORE_START',
      missing
        ? `${command} is not installed, and QEMU would outlive this process without it: apt-get install util-linux`
        : `${emulator} cannot be started: ${systemReason(cause)}`,
      { cause },
    )
  }
}

function endedAtOnce(emulator: string, { code, signal, stderr }: CoreExit): CoreError {
  if (code === NOT_FOUND) {
    return new CoreError(
      'ERR_CARILLON_EMULATOR_MISSING',
      `${emulator} is not there: apt-get install qemu-system-arm (${stderr})`,
    )
  }
  const why = stderr === '' ? '' : `: ${stderr}`
  return new CoreError(
    'ERR_CARILLON_CORE_START',
    `${emulator} ended (${signal ?? `code ${code}`}) before its firmware ran${why}`,
  )
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
