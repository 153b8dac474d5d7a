import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { accessSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { ArgumentError, errorCode } from '../errors.ts'
import { RegionError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'
import { CoreError } from './errors.ts'

const FIRMWARE_FOLDER = join(import.meta.dirname, '../../../firmware')

/** The hosted firmware as `make -C firmware` leaves it. */
export const HOSTED_FIRMWARE: string = join(FIRMWARE_FOLDER, 'build/hosted/carillon-core')

/** The file descriptor at which the firmware finds its doorbell. */
const DOORBELL_FD = 3

/** The file descriptor at which it finds the shared region. */
const REGION_FD = 4

/** The last bytes of what a core wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

export interface HostedCoreOptions {
  /** What is shared with the core. It is handed over open: its file may have lost its name. */
  readonly region: SharedRegion
  /** Index of the core. */
  readonly core: number
  /** Path of the executable. Default {@link HOSTED_FIRMWARE}. */
  readonly firmware?: string
}

/** How a core's process ended. */
export interface CoreExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to stderr. */
  readonly stderr: string
}

interface HostedCoreEvents {
  /** The core rings: it has records, or room, or its status has changed. */
  bell: []
  /** The process has ended. The last event. */
  exit: [exit: CoreExit]
}

/**
 * A core as an ordinary process of this machine, with a socket for a doorbell: a byte in either
 * direction is a bell. The process ends by itself when this one does.
 */
export class HostedCore extends EventEmitter<HostedCoreEvents> {
  readonly kind = 'hosted'
  readonly pid: number
  readonly #process: ChildProcess
  readonly #doorbell: Socket
  #stderr = ''
  #ended = false

  private constructor(process: ChildProcess, pid: number, doorbell: Socket) {
    super()
    this.pid = pid
    this.#process = process
    this.#doorbell = doorbell
    doorbell.on('data', () => this.emit('bell'))
    // A core that ends resets its socket; the process's exit is what tells.
    doorbell.on('error', () => {})
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
    process.once('close', (code, signal) => {
      this.#ended = true
      doorbell.destroy()
      this.emit('exit', { code, signal, stderr: this.#stderr.trim() })
    })
  }

  /**
   * Starts the process.
   *
   * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, `ERR_CARILLON_CORE_START`.
   * @throws {ArgumentError} where the region is no file's, or does not start where its file does.
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` where the region has been removed,
   *   `ERR_CARILLON_REGION_TRUNCATED` where its file has been cut short.
   */
  static async start(options: HostedCoreOptions): Promise<HostedCore> {
    const { region, core, firmware = HOSTED_FIRMWARE } = options
    checkRegion(region)
    checkFirmware(firmware, core)
    const child = spawn(
      firmware,
      [
        ...['--region', region.path, '--region-fd', String(REGION_FD)],
        ...['--core', String(core), '--doorbell', String(DOORBELL_FD)],
      ],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe', region.fd] },
    )
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) => reject(cannotStart(core, firmware, cause)))
    })
    // Never 0 in its place: a signal to 0 goes to this process and its whole group.
    if (child.pid === undefined) {
      throw new CoreError('ERR_CARILLON_CORE_START', `core ${core}: its process has no number`)
    }
    // A pipe that Node opens for a child is a socket pair: both ends read and write.
    return new HostedCore(child, child.pid, child.stdio[DOORBELL_FD] as Socket)
  }

  /** Rings the core's doorbell. */
  ring(): void {
    // A bell that the kernel has not taken yet stands for this one as well.
    if (!this.#ended && this.#doorbell.writableLength === 0) this.#doorbell.write('\0')
  }

  /**
   * Waits for the process to end by itself, which it does after a STOP, and kills it where it has
   * not in time.
   *
   * @param timeoutMs how long to wait, in milliseconds.
   * @returns whether it ended by itself.
   */
  async ended(timeoutMs: number): Promise<boolean> {
    if (this.#ended) return true
    return new Promise((resolve) => {
      let inTime = true
      const timer = setTimeout(() => {
        inTime = false
        this.kill()
      }, timeoutMs)
      this.once('exit', () => {
        clearTimeout(timer)
        resolve(inTime)
      })
    })
  }

  /** Ends the process at once. `exit` follows. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

/** The firmware maps the file that it is given, from its start, as long as it finds it. */
function checkRegion(region: SharedRegion): void {
  if (!region.isFile) {
    throw new ArgumentError(`a hosted core shares a whole file, which ${region.path} is not`)
  }
  if (!region.isTruncated) return
  throw new RegionError(
    'ERR_CARILLON_REGION_TRUNCATED',
    `${region.path} has been cut short, and no core can start on it`,
  )
}

function checkFirmware(firmware: string, core: number): void {
  try {
    accessSync(firmware, constants.X_OK)
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cannotStart(core, firmware, cause)
    throw new CoreError(
      'ERR_CARILLON_FIRMWARE_MISSING',
      `the hosted firmware is not at ${firmware}: build it with make -C ${FIRMWARE_FOLDER}`,
      { cause },
    )
  }
}

function cannotStart(core: number, firmware: string, cause: unknown): CoreError {
  return new CoreError(
    'ERR_CARILLON_CORE_START',
    `core ${core} cannot be started: ${firmware}: ${systemReason(cause)}`,
    { cause },
  )
}
