import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { QemuMachine, type QemuMachineOptions } from '../../src/cores/qemu-machine.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { CHECKS_ALL_ACCESSES, checkAccesses } from './check-accesses.ts'
import { LinkedCore } from './linked-core.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface LinkedMachineOptions extends Partial<QemuMachineOptions> {
  /** Whether the accesses to the region are: see {@link checkAccesses}. Default: as of all tests. */
  readonly isChecked?: boolean
}

/** A region, a machine on it and a link to each of its cores, for one test. */
export class LinkedMachine {
  readonly #board: QemuBoard
  readonly region: SharedRegion
  cores: readonly LinkedCore[] = []
  readonly #options: Partial<QemuMachineOptions>
  #machine: QemuMachine | undefined

  private constructor(
    board: QemuBoard,
    region: SharedRegion,
    options: Partial<QemuMachineOptions>,
  ) {
    this.#board = board
    this.region = region
    this.#options = options
  }

  /** Starts a machine and waits until its cores are linked. */
  static async start(
    t: ExecutionContext<unknown>,
    board: QemuBoard,
    cores: number,
    { isChecked = CHECKS_ALL_ACCESSES, ...options }: LinkedMachineOptions = {},
  ): Promise<LinkedMachine> {
    const path = join(temporaryFolder(t), 'region')
    const region = SharedRegion.create(path, {
      ...board.place,
      cores,
      ringCapacityBytes: 65536,
    })
    const linked = new LinkedMachine(board, region, {
      ...(isChecked && { emulator: await checkedEmulator(t, board, region, options.firmware) }),
      ...options,
    })
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

  get machine(): QemuMachine {
    if (this.#machine === undefined) throw new Error('no machine has been started')
    return this.#machine
  }

  /** Starts QEMU, the first or another. */
  async spawn(): Promise<QemuMachine> {
    this.#machine = await QemuMachine.start({
      board: this.#board,
      region: this.region,
      ...this.#options,
    })
    return this.#machine
  }

  #coreAt(index: number) {
    const core = this.machine.cores[index]
    if (core === undefined) throw new Error(`the machine has no core ${index}`)
    return core
  }
}

async function checkedEmulator(
  t: ExecutionContext<unknown>,
  { kind, regionAddress }: QemuBoard,
  region: SharedRegion,
  firmware: QemuMachineOptions['firmware'] = bareMetalFirmwarePath(kind),
): Promise<string> {
  const accesses = await checkAccesses(t, {
    at: { start: regionAddress, bytes: region.memory.bytes.length, isVirtual: true },
    rule: 'device',
    ...(typeof firmware === 'string' && { image: await readElfFile(firmware) }),
  })
  return accesses.emulator('qemu-system-aarch64')
}
