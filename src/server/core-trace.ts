import type { Logger } from 'pino'
import type { TraceLine } from '../cores/fault-record.ts'
import { TraceReader } from '../cores/trace-reader.ts'
import { printable } from '../printable.ts'
import type { SharedRegion } from '../shm/shared-region.ts'

/** Lines of one core that are logged in a second: a core that talks all the time fills no disk. */
export const TRACE_LINES_PER_S_MAX = 50

const SECOND_MS = 1000

/** The log of what a core tells of itself. */
export class CoreTrace {
  readonly #logger: Logger
  readonly #reader: TraceReader
  readonly #status: SharedRegion['shared']['status'][number]
  /** What the core had counted as lost, in which of its boots, when that was told last. */
  #lostBefore = 0
  #bootBefore = 0
  #secondStartMs = Number.NEGATIVE_INFINITY
  #logged = 0
  #leftOut = 0

  /** @param logger the core's. */
  constructor(
    region: SharedRegion,
    core: number,
    status: SharedRegion['shared']['status'][number],
    logger: Logger,
  ) {
    this.#reader = new TraceReader(region, core)
    this.#status = status
    this.#logger = logger
    this.#bootBefore = status.boot
    this.#lostBefore = status.traceLost
  }

  /** Logs what there is. Call it ten times a second, and when the core has ended. */
  look(nowMs = performance.now()): void {
    if (nowMs - this.#secondStartMs >= SECOND_MS) this.#beginSecond(nowMs)
    this.#reader.read((line) => this.#log(line))
    this.#tellLost()
  }

  #beginSecond(nowMs: number): void {
    this.#secondStartMs = nowMs
    this.#logged = 0
    if (this.#leftOut === 0) return
    this.#logger.warn(
      { leftOut: this.#leftOut },
      `${this.#leftOut} lines of the core's trace were left out`,
    )
    this.#leftOut = 0
  }

  #log({ level, timeUs, sequence, message }: TraceLine): void {
    if (this.#logged >= TRACE_LINES_PER_S_MAX) {
      this.#leftOut++
      return
    }
    this.#logged++
    // A line of the core's is short enough not to be cut.
    this.#logger[level]({ coreTimeUs: timeUs, trace: sequence }, printable(message, message.length))
  }

  /** The core counts from 0 again at each boot. */
  #tellLost(): void {
    const { boot, traceLost } = this.#status
    const before = boot === this.#bootBefore ? this.#lostBefore : 0
    this.#bootBefore = boot
    this.#lostBefore = traceLost
    const lost = (traceLost - before) >>> 0
    if (lost > 0)
      this.#logger.warn({ traceLost: lost }, `${lost} lines of the core's trace found no room`)
  }
}
