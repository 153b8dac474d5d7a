import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { accessSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { ArgumentError, errorCode } from '../errors.ts'
import { Reactor } from '../reactor/reactor.ts'
import { RegionError } from '../shm/errors.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'
import type { Doorbell } from './doorbell.ts'
import { CoreError } from './errors.ts'
import { EventFdDoorbell } from './event-fd-doorbell.ts'
import { SocketDoorbell } from './socket-doorbell.ts'

const FIRMWARE_FOLDER = join(import.meta.dirname, '../../../firmware')

/** The hosted firmware as `make -C firmware` leaves it. */
export const HOSTED_FIRMWARE: string = join(FIRMWARE_FOLDER, 'build/hosted/carillon-core')

/** The file descriptors at which the firmware finds what it is given. */
const SOCKET_FD = 3
const REGION_FD = 4
const WAIT_FD = 5
const RING_FD = 6

/** The last bytes of what a core wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

export interface HostedCoreOptions {
  /** What is shared with the core. It is handed over open: its file may have lost its name. */
  readonly region: SharedRegion
  /** Index of the core. */
  readonly core: number
  /** Path of the executable. Default {@link HOSTED_FIRMWARE}. */
  readonly firmware?: string
  /** What the bells are. Default `eventfd` where there is a reactor, else `socket`. */
  readonly doorbell?: 'eventfd' | 'socket'
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
 * A core as an ordinary process of this machine. Its doorbell is two eventfds, or a socket. The
 * process ends by itself when this one does, which it learns from the socket in either case.
 */
export class HostedCore extends EventEmitter<HostedCoreEvents> {
  readonly kind = 'hosted'
  readonly pid: number
  readonly #process: ChildProcess
  readonly #doorbells: readonly Doorbell[]
  #stderr = ''
  #ended = false

  private constructor(process: ChildProcess, pid: number, eventFds: EventFdDoorbell | undefined) {
    super()
    this.pid = pid
    this.#process = process
    // A pipe that Node opens for a child is a socket pair: both ends read and write.
    const socket = new SocketDoorbell(process.stdio[SOCKET_FD] as Socket, () => this.emit('bell'))
    // The first is rung.
    this.#doorbells = eventFds === undefined ? [socket] : [eventFds, socket]
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
    process.once('close', (code, signal) => {
      this.#ended = true
      for (const doorbell of this.#doorbells) doorbell.close()
      this.emit('exit', { code, signal, stderr: this.#stderr.trim() })
    })
  }

  /**
   * Starts the process. It may have rung before this resolves: look once at what it has to say.
   *
   * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, `ERR_CARILLON_CORE_START`.
   * @throws {ArgumentError} where the region is no file's, or does not start where its file does.
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` where the region has been removed,
   *   `ERR_CARILLON_REGION_TRUNCATED` where its file has been cut short.
   */
  static async start(options: HostedCoreOptions): Promise<HostedCore> {
    const { region, core, firmware = HOSTED_FIRMWARE } = options
    const { doorbell = Reactor.unavailable === undefined ? 'eventfd' : 'socket' } = options
    checkRegion(region)
    checkFirmware(firmware, core)
    let started: HostedCore | undefined
    const eventFds =
      doorbell === 'eventfd' ? EventFdDoorbell.create(() => started?.emit('bell')) : undefined
    try {
      const child = await startProcess(firmware, options, eventFds)
      // Never 0 in its place: a signal to 0 goes to this process and its whole group.
      if (child.pid === undefined) {
        throw new CoreError('ERR_CARILLON_CORE_START', `core ${core}: its process has no number`)
      }
      started = new HostedCore(child, child.pid, eventFds)
      return started
    } catch (error) {
      eventFds?.close()
      throw error
    }
  }

  /** Rings the core's doorbell. */
  ring(): void {
    this.#doorbells[0]?.ring()
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

async function startProcess(
  firmware: string,
  { region, core }: HostedCoreOptions,
  eventFds: EventFdDoorbell | undefined,
): Promise<ChildProcess> {
  const args = [
    ...['--region', region.path, '--region-fd', `${REGION_FD}`],
    ...['--core', `${core}`, '--doorbell', `${SOCKET_FD}`],
  ]
  const inherited: (number | 'pipe')[] = ['pipe', region.fd]
  if (eventFds !== undefined) {
    args.push('--wait', `${WAIT_FD}`, '--ring', `${RING_FD}`)
    inherited.push(eventFds.fds.wait, eventFds.fds.ring)
  }
  const child = spawn(firmware, args, { stdio: ['ignore', 'ignore', 'pipe', ...inherited] })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(cannotStart(core, firmware, cause)))
  })
  return child
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
