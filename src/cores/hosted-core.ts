import { EventEmitter } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { errorCode } from '../errors.ts'
import { Reactor } from '../reactor/reactor.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { systemReason } from '../system-reason.ts'
import { BUILT_HOSTED, firmwareMissing, HOSTED_FIRMWARE } from './built-firmware.ts'
import { checkRegionFile } from './check-region-file.ts'
import type { Core, CoreEvents } from './core.ts'
import { CoreProcess } from './core-process.ts'
import type { Doorbell } from './doorbell.ts'
import { CoreError } from './errors.ts'
import { EventFdDoorbell } from './event-fd-doorbell.ts'
import { SocketDoorbell } from './socket-doorbell.ts'

/** The file descriptors at which the firmware finds what it is given. */
const SOCKET_FD = 3
const REGION_FD = 4
const WAIT_FD = 5
const RING_FD = 6

export interface HostedCoreOptions {
  /** What is shared with the core. It is handed over open: its file may have lost its name. */
  readonly region: SharedRegion
  /** Index of the core. */
  readonly core: number
  /** Path of the executable. Default {@link HOSTED_FIRMWARE}. */
  readonly firmware?: string
  /** What the bells are. Default `eventfd` where there is a reactor, else `socket`. */
  readonly doorbell?: 'eventfd' | 'socket'
  /** What hears the bells, where they are eventfds. Default `Reactor.shared`. */
  readonly reactor?: Reactor
  /**
   * Whether the core looks for commands all the time instead of sleeping until it is rung for. It
   * answers sooner by what waking takes, and keeps a whole processor busy. Default false.
   */
  readonly polls?: boolean
}

/**
 * A core as an ordinary process of this machine. Its doorbell is two eventfds, or a socket. The
 * process ends by itself when this one does, which it learns from the socket in either case.
 */
export class HostedCore extends EventEmitter<CoreEvents> implements Core {
  readonly kind = 'hosted'
  readonly #process: CoreProcess
  readonly #doorbells: readonly Doorbell[]

  private constructor(process: CoreProcess, eventFds: EventFdDoorbell | undefined) {
    super()
    this.#process = process
    const socket = new SocketDoorbell(process.socketAt(SOCKET_FD), () => this.emit('bell'))
    // The first is rung.
    this.#doorbells = eventFds === undefined ? [socket] : [eventFds, socket]
    void process.exited.then((exit) => {
      for (const doorbell of this.#doorbells) doorbell.close()
      this.emit('exit', exit)
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
    checkRegionFile(region)
    checkFirmware(firmware, core)
    let started: HostedCore | undefined
    const eventFds =
      doorbell === 'eventfd'
        ? EventFdDoorbell.create(() => started?.emit('bell'), options.reactor)
        : undefined
    try {
      started = new HostedCore(await startProcess(firmware, options, eventFds), eventFds)
      return started
    } catch (error) {
      eventFds?.close()
      throw error
    }
  }

  get pid(): number {
    return this.#process.pid
  }

  ring(): void {
    this.#doorbells[0]?.ring()
  }

  /** Waits for the process to end by itself, which it does after a STOP. */
  ended(timeoutMs: number): Promise<boolean> {
    return this.#process.ended(timeoutMs)
  }

  kill(): void {
    this.#process.kill()
  }
}

async function startProcess(
  firmware: string,
  { region, core, polls = false }: HostedCoreOptions,
  eventFds: EventFdDoorbell | undefined,
): Promise<CoreProcess> {
  const args = [
    ...['--region', region.path, '--region-fd', `${REGION_FD}`],
    ...['--core', `${core}`, '--doorbell', `${SOCKET_FD}`],
    ...(polls ? ['--poll'] : []),
  ]
  const inherited: (number | 'pipe')[] = ['pipe', region.fd]
  if (eventFds !== undefined) {
    args.push('--wait', `${WAIT_FD}`, '--ring', `${RING_FD}`)
    inherited.push(eventFds.fds.wait, eventFds.fds.ring)
  }
  try {
    return await CoreProcess.start(firmware, args, inherited)
  } catch (cause) {
    throw cannotStart(core, firmware, cause)
  }
}

function checkFirmware(firmware: string, core: number): void {
  try {
    accessSync(firmware, constants.X_OK)
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cannotStart(core, firmware, cause)
    throw firmwareMissing(firmware, BUILT_HOSTED, cause)
  }
}

function cannotStart(core: number, firmware: string, cause: unknown): CoreError {
  return new CoreError(
    'ERR_CARILLON_CORE_START',
    `core ${core} cannot be started: ${firmware}: ${systemReason(cause)}`,
    { cause },
  )
}
