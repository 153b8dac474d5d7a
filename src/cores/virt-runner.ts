import { ArgumentError } from '../errors.ts'
import type { Core } from './core.ts'
import type { CoreRunner } from './core-runner.ts'
import { VIRT_FIRMWARE } from './virt-firmware.ts'
import { VirtMachine, type VirtMachineOptions } from './virt-machine.ts'

/** A machine, or one that is being started, and which of its cores somebody has. */
interface Shared {
  readonly machine: Promise<VirtMachine>
  readonly taken: Set<number>
}

/**
 * Runs cores in one {@link VirtMachine}: the first that is wanted starts it, and the others are given
 * out as they are wanted. A core can only be started anew together with all others, so who wants one
 * a second time gets it of another machine, and so do the others, which have lost theirs.
 */
export class VirtRunner implements CoreRunner {
  readonly kind = 'virt'
  readonly firmware: string
  readonly #options: VirtMachineOptions
  #shared: Shared | undefined

  constructor(options: VirtMachineOptions) {
    this.#options = options
    this.firmware = options.firmware ?? VIRT_FIRMWARE
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
  async #replace(previous: Shared | undefined): Promise<VirtMachine> {
    const machine = await previous?.machine.catch(() => undefined)
    machine?.kill()
    await machine?.exited
    return VirtMachine.start(this.#options)
  }
}
