import { ArgumentError } from '../errors.ts'
import { ChosenImage } from './chosen-image.ts'
import type { Core } from './core.ts'
import type { CoreRunner, LoadedFirmware } from './core-runner.ts'
import type { ImageVersion } from './firmware-symbols.ts'
import { bareMetalFirmwarePath } from './qemu-board.ts'
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

/** A machine, or one that is being started, and which of its cores somebody has had. */
interface Shared {
  readonly machine: Promise<QemuMachine>
  readonly taken: Set<number>
}

/**
 * Runs cores in one {@link QemuMachine}: the first that is wanted starts it, and the others are given
 * out as they are wanted. One that is wanted again begins anew, and the others go on. Where it does
 * not, the machine is started anew, and the others are lost: their `exit` says why.
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

  async start(core: number): Promise<Core> {
    const used = this.#shared
    if (used?.taken.has(core)) {
      const again = await this.#restart(used, core)
      if (again !== undefined) return again
      // Whoever else saw that this machine is of no use may have started another.
      if (this.#shared === used) {
        this.#shared = this.#launch(`core ${core} did not begin anew, and so its machine had to`)
      }
    }
    this.#shared ??= this.#launch()
    const { machine, taken } = this.#shared
    taken.add(core)
    const started = (await machine).take(core)
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

  async #restart({ machine }: Shared, core: number): Promise<Core | undefined> {
    const { restartTimeoutMs = RESTART_TIMEOUT_MS } = this.#options
    const running = await machine.catch(() => undefined)
    return running?.restart(core, restartTimeoutMs)
  }

  /** @param why what runs now is ended. */
  #launch(why?: string): Shared {
    const shared = { machine: this.#replace(this.#shared, why), taken: new Set<number>() }
    const forget = () => {
      if (this.#shared === shared) this.#shared = undefined
    }
    // Once it has ended it is no use to whoever wants a core next.
    shared.machine.then((machine) => machine.exited.then(forget), forget)
    return shared
  }

  /** One machine at a time uses the region. */
  async #replace(previous: Shared | undefined, why?: string): Promise<QemuMachine> {
    await endMachine(previous, why)
    return QemuMachine.start({ ...this.#options, firmware: await this.#chosen.image() })
  }
}

async function endMachine(shared: Shared | undefined, why?: string): Promise<void> {
  const machine = await shared?.machine.catch(() => undefined)
  machine?.kill(why)
  await machine?.exited
}
