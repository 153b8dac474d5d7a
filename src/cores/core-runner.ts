import type { Core } from './core.ts'
import type { CoreKind } from './core-kind.ts'
import type { ImageVersion } from './firmware-symbols.ts'

/** Firmware that was checked, and that cores are started with from then on. */
export interface LoadedFirmware {
  readonly path: string
  /** As its note has it: `0.1.0`. */
  readonly version: string
  /** Cores are started with what they were started with before. */
  undo(): void
}

/** What runs the cores of a region. */
export interface CoreRunner {
  readonly kind: CoreKind
  /** Path of the firmware that it starts. */
  readonly firmware: string
  /**
   * Which file that was when it was read, for what is to be looked up in it: it may be another by now.
   * undefined where it is not known.
   */
  imageVersion(): Promise<ImageVersion | undefined>
  /**
   * Starts a core, the first time or again; what ran of it before is ended. It may have rung before
   * this resolves: look once at what it has to say.
   *
   * @param signal gives the start up: it rejects with the signal's reason, soon, and what was begun of the
   *   core is ended.
   * @throws {CoreError} and others, as {@link HostedCore.start} and {@link QemuMachine.start}.
   */
  start(core: number, signal?: AbortSignal): Promise<Core>
  /**
   * Checks firmware. Cores that are started from then on run it; those that run go on as they are.
   *
   * @param path by default, the file that the runner was made with: it may be another by now.
   * @throws {CoreError}, {@link ElfError}, {@link LayoutError} where it cannot be used. Nothing has
   *   changed then.
   */
  load(path?: string): Promise<LoadedFirmware>
  /** Ends all that it runs, at once. Cores can be started again. */
  end(): Promise<void>
}
