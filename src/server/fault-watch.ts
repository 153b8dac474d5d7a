import type { Logger } from 'pino'
import { CoreError } from '../cores/errors.ts'
import { type FaultReport, faultsBegun, readFaultReport } from '../cores/fault-record.ts'
import type { ImageVersion } from '../cores/firmware-symbols.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { type CoreFault, faultFields, faultSentence, locateFault } from './core-fault.ts'

export interface FaultWatchOptions {
  readonly region: SharedRegion
  /** Index of the core in the region. */
  readonly core: number
  readonly logger: Logger
  /** Where the fault was is known. */
  readonly onLocated: (fault: CoreFault) => void
}

/** Finds the fault that ends a core, once for each of its starts, and tells the log where it was. */
export class FaultWatch {
  readonly #options: FaultWatchOptions
  /** What the core was started from, and the faults that it had begun to tell of before. */
  #image: ImageVersion | undefined
  #faultsBefore = 0
  #error: CoreError | undefined
  #telling: Promise<void> = Promise.resolve()

  constructor(options: FaultWatchOptions) {
    this.#options = options
  }

  /** The fault since the last start, once it was found. */
  get error(): CoreError | undefined {
    return this.#error
  }

  /** Resolves once all faults that were found are told. */
  get told(): Promise<void> {
    return this.#telling
  }

  /** The core is about to be started from this image; undefined where it is not known. */
  begin(image: ImageVersion | undefined): void {
    const { region, core } = this.#options
    this.#error = undefined
    this.#faultsBefore = faultsBegun(region, core)
    this.#image = image
  }

  /**
   * The fault since the last start, where there is one and this is the first who looks.
   *
   * @returns what tells the log of it, with the number of `streams` that it has cost.
   */
  find(): ((streams: number) => void) | undefined {
    const { region, core } = this.#options
    if (faultsBegun(region, core) === this.#faultsBefore) return undefined
    const report = readFaultReport(region, core)
    this.#error = new CoreError('ERR_CARILLON_CORE_FAULT', faultSentence(core, report))
    return (streams) => {
      this.#telling = this.#tell(report, streams)
    }
  }

  async #tell(report: FaultReport | undefined, streams: number): Promise<void> {
    const { core, logger, onLocated } = this.#options
    const fault = await locateFault(core, report, this.#image)
    const code = 'ERR_CARILLON_CORE_FAULT'
    logger.error({ code, streams, ...faultFields(fault) }, fault.message)
    onLocated(fault)
  }
}
