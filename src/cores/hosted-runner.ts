import { HOSTED_FIRMWARE } from './built-firmware.ts'
import type { Core } from './core.ts'
import type { CoreRunner, LoadedFirmware } from './core-runner.ts'
import { type ImageVersion, imageVersion } from './firmware-symbols.ts'
import { HostedCore, type HostedCoreOptions } from './hosted-core.ts'
import { readHostedFirmware } from './hosted-firmware.ts'

/** A process that was killed ends at once; where the kernel takes longer, it is not waited for. */
const KILLED_TIMEOUT_MS = 2_000

/** As {@link HostedCoreOptions} has them, for all of its cores. */
export type HostedRunnerOptions = Omit<HostedCoreOptions, 'core'>

/** Runs each core as a process of its own. */
export class HostedRunner implements CoreRunner {
  readonly kind = 'hosted'
  readonly #options: HostedRunnerOptions
  readonly #cores = new Map<number, HostedCore>()
  #firmware: string

  constructor(options: HostedRunnerOptions) {
    this.#options = options
    this.#firmware = options.firmware ?? HOSTED_FIRMWARE
  }

  get firmware(): string {
    return this.#firmware
  }

  /** A process is what the file is when it starts. */
  imageVersion(): Promise<ImageVersion | undefined> {
    return imageVersion(this.#firmware)
  }

  async start(core: number, signal?: AbortSignal): Promise<Core> {
    await endCore(this.#cores.get(core))
    signal?.throwIfAborted()
    const started = await HostedCore.start({ ...this.#options, core, firmware: this.#firmware })
    this.#cores.set(core, started)
    // A process is there at once; it is its firmware that may take long.
    if (signal?.aborted) await endCore(started)
    signal?.throwIfAborted()
    return started
  }

  async load(path: string = this.#firmware): Promise<LoadedFirmware> {
    const { version } = await readHostedFirmware(path)
    const before = this.#firmware
    this.#firmware = path
    const undo = () => {
      this.#firmware = before
    }
    return { path, version, undo }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#cores.values()].map(endCore))
    this.#cores.clear()
  }
}

async function endCore(core: HostedCore | undefined): Promise<void> {
  core?.kill()
  await core?.ended(KILLED_TIMEOUT_MS)
}
