import { ArgumentError } from '../errors.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { bareMetalFirmwarePath } from './built-firmware.ts'
import { ChosenImage } from './chosen-image.ts'
import type { Core } from './core.ts'
import type { CoreRunner, LoadedFirmware } from './core-runner.ts'
import { CoreError } from './errors.ts'
import type { ImageVersion } from './firmware-symbols.ts'
import { readQemuFirmware } from './qemu-firmware.ts'
import { QemuMachine, type QemuMachineOptions } from './qemu-machine.ts'

/**
 * How long a core may take to begin anew before its machine is started anew instead, in milliseconds;
 * seen: 3, and hundreds where the host is very busy. One that hangs with its interrupts masked does not hear of it.
 */
const RESTART_TIMEOUT_MS = 2_000

export interface QemuRunnerOptions extends Omit<QemuMachineOptions, 'firmware'> {
  /** Path of the image. Default: the one that was built here. */
  readonly firmware?: string
  /**
   * How long a core may take to begin anew, in milliseconds. Default {@link RESTART_TIMEOUT_MS}.
   */
  readonly restartTimeoutMs?: number
}

/** A machine, or one that is being started, and which of its cores somebody has, or had, or waits for. */
interface Shared {
  readonly machine: Promise<QemuMachine>
  readonly taken: Set<number>
  /** Ends it where it is still being started. */
  readonly starting: AbortController
}

/**
 * Runs cores in one {@link QemuMachine}: the first that is wanted starts it, and the others are given
 * out as they are wanted. One that is wanted again begins anew, and the others go on. Where it does
 * not, the machine is started anew, and the others are lost: their `exit` says why. A machine that is being
 * started is given up where nobody waits for a core of it any more.
 */
export class QemuRunner implements CoreRunner {
  readonly kind: QemuMachine['kind']
  readonly #options: QemuRunnerOptions
  readonly #chosen: ChosenImage
  #shared: Shared | undefined

  constructor(options: QemuRunnerOptions) {
    const { board, firmware = bareMetalFirmwarePath(board.kind) } = options
    this.kind = board.kind
    this.#options = options
    this.#chosen = new ChosenImage(firmware, (path) => readQemuFirmware(path, board))
  }

  get firmware(): string {
    return this.#chosen.path
  }

  imageVersion(): Promise<ImageVersion | undefined> {
    return this.#chosen.version()
  }

  async start(core: number, signal?: AbortSignal): Promise<Core> {
    signal?.throwIfAborted()
    const used = this.#shared
    if (used?.taken.has(core)) {
      const again = await this.#restart(used, core, signal)
      signal?.throwIfAborted()
      if (again !== undefined) return again
      // Whoever else saw that this machine is of no use may have started another.
      if (this.#shared === used) {
        this.#shared = this.#launch(`core ${core} did not begin anew, and so its machine had to`)
      }
    }
    // One that was given up is about to end.
    if (this.#shared?.starting.signal.aborted !== false) this.#shared = this.#launch()
    const started = (await waitFor(this.#shared, core, signal)).take(core)
    if (started === undefined) throw new ArgumentError(`a machine has no core ${core}`)
    return started
  }

  load(path?: string): Promise<LoadedFirmware> {
    return this.#chosen.load(path)
  }

  async end(): Promise<void> {
    const used = this.#shared
    this.#shared = undefined
    await endMachine(used)
  }

  async #restart(
    { machine }: Shared,
    core: number,
    signal: AbortSignal | undefined,
  ): Promise<Core | undefined> {
    const { restartTimeoutMs = RESTART_TIMEOUT_MS } = this.#options
    const running = await unlessAborted(
      machine.catch(() => undefined),
      signal,
    )
    return running?.restart(core, restartTimeoutMs, signal)
  }

  /** @param why what runs now is ended. */
  #launch(why?: string): Shared {
    const starting = new AbortController()
    const machine = this.#replace(this.#shared, starting.signal, why)
    const shared = { machine, taken: new Set<number>(), starting }
    const forget = () => {
      if (this.#shared === shared) this.#shared = undefined
    }
    // Once it has ended it is no use to whoever wants a core next.
    shared.machine.then((machine) => machine.exited.then(forget), forget)
    return shared
  }

  /** One machine at a time uses the region. */
  async #replace(
    previous: Shared | undefined,
    signal: AbortSignal,
    why?: string,
  ): Promise<QemuMachine> {
    await endMachine(previous, why)
    return QemuMachine.start({ ...this.#options, firmware: await this.#chosen.image(), signal })
  }
}

/** The machine, once it runs. Who gives up waiting leaves the core to others. */
async function waitFor(
  { machine, taken, starting }: Shared,
  core: number,
  signal: AbortSignal | undefined,
): Promise<QemuMachine> {
  taken.add(core)
  try {
    return await unlessAborted(machine, signal)
  } catch (error) {
    if (signal?.aborted) {
      taken.delete(core)
      if (taken.size === 0) starting.abort(error)
    }
    throw error
  }
}

async function endMachine(shared: Shared | undefined, why?: string): Promise<void> {
  shared?.starting.abort(new CoreError('ERR_CARILLON_CORE_LOST', why ?? 'its machine was ended'))
  const machine = await shared?.machine.catch(() => undefined)
  machine?.kill(why)
  await machine?.exited
}
