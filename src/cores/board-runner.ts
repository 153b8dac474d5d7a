import { readBoardFirmware } from './board-image.ts'
import { BoardMachine, type BoardMachineOptions } from './board-machine.ts'
import type { Core } from './core.ts'
import type { BoardKind, CoreRunner, LoadedFirmware } from './core-runner.ts'
import type { FirmwareImage } from './firmware-image.ts'
import type { MachineCore } from './machine-core.ts'
import { bareMetalFirmwarePath } from './qemu-board.ts'

export interface BoardRunnerOptions extends BoardMachineOptions {
  /** Path of the image. Default: the one that was built here. */
  readonly firmware?: string
}

/**
 * Runs cores of this machine that are not Linux's. What is in the firmware's memory is loaded anew when
 * none of them is on, or when it is another image; else the cores that run on, perhaps since another
 * host, go on in it.
 */
export class BoardRunner implements CoreRunner {
  readonly kind: BoardKind
  readonly #options: BoardRunnerOptions
  readonly #machine: BoardMachine
  readonly #started = new Map<number, MachineCore>()
  #firmware: string
  /** What was read, whatever becomes of the file. */
  #image: FirmwareImage | undefined
  /** One core after the other is looked after: the first of them loads. */
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws as {@link BoardMachine}. */
  constructor(options: BoardRunnerOptions) {
    this.#options = options
    this.#machine = new BoardMachine(options)
    this.kind = this.#machine.kind
    this.#firmware = options.firmware ?? bareMetalFirmwarePath(options.access.board.name)
  }

  get firmware(): string {
    return this.#firmware
  }

  /**
   * @throws {BoardError} `ERR_CARILLON_BOARD_DRIVER`, `_ACCESS`; and as {@link readBoardFirmware}.
   * @throws {CoreError} `ERR_CARILLON_CORE_TIMEOUT`.
   */
  start(core: number): Promise<Core> {
    const started = this.#turn.catch(() => {}).then(() => this.#start(core))
    this.#turn = started
    return started
  }

  async load(path: string = this.#firmware): Promise<LoadedFirmware> {
    const image = await readBoardFirmware(path, this.#options.access.board)
    const before = { firmware: this.#firmware, image: this.#image }
    this.#firmware = path
    this.#image = image
    const undo = () => {
      this.#firmware = before.firmware
      this.#image = before.image
    }
    return { path, version: image.identity.version, undo }
  }

  async end(): Promise<void> {
    await this.#turn.catch(() => {})
    const cores = [...this.#started.values()]
    this.#started.clear()
    for (const core of cores) core.kill()
    await Promise.all(cores.map((core) => this.#machine.left(core.index)))
  }

  /** Hears and rings nothing more. */
  close(): void {
    this.#machine.close()
  }

  async #start(index: number): Promise<Core> {
    this.#image ??= await readBoardFirmware(this.#firmware, this.#options.access.board)
    const image = this.#image
    if (!this.#machine.isOn || !this.#machine.holds(image)) await this.#machine.load(image)
    const core = await this.#machine.start(index, image.entry)
    this.#started.set(index, core)
    return core
  }
}
