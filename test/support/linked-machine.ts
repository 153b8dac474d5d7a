import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { VirtMachine, type VirtMachineOptions } from '../../src/cores/virt-machine.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { LinkedCore } from './linked-core.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A region, a virtual machine on it and a link to each of its cores, for one test. */
export class LinkedMachine {
  readonly region: SharedRegion
  cores: readonly LinkedCore[] = []
  readonly #options: Partial<VirtMachineOptions>
  #machine: VirtMachine | undefined

  private constructor(region: SharedRegion, options: Partial<VirtMachineOptions>) {
    this.region = region
    this.#options = options
  }

  /** Starts a machine and waits until its cores are linked. */
  static async start(
    t: ExecutionContext<unknown>,
    cores: number,
    options: Partial<VirtMachineOptions> = {},
  ): Promise<LinkedMachine> {
    const path = join(temporaryFolder(t), 'region')
    const region = SharedRegion.create(path, { cores, ringCapacityBytes: 65536 })
    const linked = new LinkedMachine(region, options)
    const machine = await linked.spawn()
    t.teardown(async () => {
      linked.machine.kill()
      await linked.machine.ended(10_000)
    })
    linked.cores = await Promise.all(
      machine.cores.map((_, index) =>
        LinkedCore.over(t, region, index, async () => linked.#coreAt(index)),
      ),
    )
    return linked
  }

  get machine(): VirtMachine {
    if (this.#machine === undefined) throw new Error('no machine has been started')
    return this.#machine
  }

  /** Starts QEMU, the first or another. */
  async spawn(): Promise<VirtMachine> {
    this.#machine = await VirtMachine.start({ region: this.region, ...this.#options })
    return this.#machine
  }

  #coreAt(index: number) {
    const core = this.machine.cores[index]
    if (core === undefined) throw new Error(`the machine has no core ${index}`)
    return core
  }
}
