import { ArgumentError } from '../errors.ts'
import type { Core } from './core.ts'
import type { CoreRunner } from './core-runner.ts'
import { qemuFirmwarePath } from './qemu-board.ts'
import { QemuMachine, type QemuMachineOptions } from './qemu-machine.ts'

/** A machine, or one that is being started, and which of its cores somebody has. */
interface Shared {
  readonly machine: Promise<QemuMachine>
  readonly taken: Set<number>
}

/**
 * Runs cores in one {@link QemuMachine}: the first that is wanted starts it, and the others are given
 * out as they are wanted. A core can only be started anew together with all others, so who wants one
 * a second time gets it of another machine, and so do the others, which have lost theirs.
 */
export class QemuRunner implements CoreRunner {
  readonly kind: QemuMachine['kind']
  readonly firmware: string
  readonly #options: QemuMachineOptions
  #shared: Shared | undefined

  constructor(options: QemuMachineOptions) {
    this.kind = options.board.kind
    this.#options = options
    this.firmware = options.firmware ?? qemuFirmwarePath(options.board.kind)
  }

  async start(core: number): Promise<Core> {
    if (this.#shared === undefined || this.#shared.taken.has(core)) this.#shared = this.#launch()
    const { machine, taken } = this.#shared
    taken.add(core)
    const started = (await machine).cores[core]
    if (started === undefined) throw new ArgumentError(`a machine has no core ${core}`)
    return started
  }

  #launch(): Shared {
    const shared = { machine: this.#replace(this.#shared), taken: new Set<number>() }
    const forget = () => {
      if (this.#shared === shared) this.#shared = undefined
    }
    // Once it has ended it is no use to whoever wants a core next.
    shared.machine.then((machine) => machine.exited.then(forget), forget)
    return shared
  }

  /** One machine at a time uses the region. */
  async #replace(previous: Shared | undefined): Promise<QemuMachine> {
    const machine = await previous?.machine.catch(() => undefined)
    machine?.kill()
    await machine?.exited
    return QemuMachine.start(this.#options)
  }
}
