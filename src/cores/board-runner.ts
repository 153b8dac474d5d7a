import { readBoardFirmware } from './board-image.ts'
import { BoardMachine, type BoardMachineOptions } from './board-machine.ts'
import { bareMetalFirmwarePath } from './built-firmware.ts'
import { ChosenImage } from './chosen-image.ts'
import type { Core } from './core.ts'
import type { BoardKind } from './core-kind.ts'
import type { CoreRunner, LoadedFirmware } from './core-runner.ts'
import type { ImageVersion } from './firmware-symbols.ts'
import type { MachineCore } from './machine-core.ts'

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
  readonly #machine: BoardMachine
  readonly #started = new Map<number, MachineCore>()
  readonly #chosen: ChosenImage
  /** One core after the other is looked after: the first of them loads. */
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws as {@link BoardMachine}. */
  constructor(options: BoardRunnerOptions) {
    const { board } = options.access
    this.#machine = new BoardMachine(options)
    this.kind = this.#machine.kind
    const path = options.firmware ?? bareMetalFirmwarePath(board.name)
    this.#chosen = new ChosenImage(path, (path) => readBoardFirmware(path, board))
  }

  get firmware(): string {
    return this.#chosen.path
  }

  imageVersion(): Promise<ImageVersion | undefined> {
    return this.#chosen.version()
  }

  /**
   * @throws {BoardError} `ERR_CARILLON_BOARD_DRIVER`, `_ACCESS`; and as {@link readBoardFirmware}.
   * @throws {CoreError} `ERR_CARILLON_CORE_TIMEOUT`.
   */
  start(core: number, signal?: AbortSignal): Promise<Core> {
    const started = this.#turn.catch(() => {}).then(() => this.#start(core, signal))
    this.#turn = started
    return started
  }

  load(path?: string): Promise<LoadedFirmware> {
    return this.#chosen.load(path)
  }

  async end(): Promise<void> {
    await this.#turn.catch(() => {})
    const cores = [...this.#started.values()]
    this.#started.clear()
    for (const core of cores) core.kill()
    await Promise.all(cores.map((core) => this.#machine.left(core.index)))
    await this.#machine.settle()
  }

  /** Hears and rings nothing more. */
  close(): void {
    this.#machine.close()
  }

  async #start(index: number, signal?: AbortSignal): Promise<Core> {
    const image = await this.#chosen.image()
    signal?.throwIfAborted()
    if (!this.#machine.isOn || !this.#machine.holds(image)) await this.#machine.load(image, signal)
    const core = await this.#machine.start(index, image.entry, signal)
    this.#started.set(index, core)
    return core
  }
}
