import { ArgumentError } from '../errors.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import type { SharedRegion } from '../shm/shared-region.ts'
import { type TraceLine, traceLine } from './fault-record.ts'

/**
 * The host's end of a core's trace. The core never waits for it, so what is not read in time is lost;
 * the core counts that.
 */
export class TraceReader {
  readonly #trace: SharedRegion['shared']['traces'][number]

  /** @throws {ArgumentError} where a region has no such core. */
  constructor(region: SharedRegion, core: number) {
    const trace = region.shared.traces[core]
    if (trace === undefined) throw new ArgumentError(`a region has no core ${core}`)
    this.#trace = trace
  }

  /** Hands over the lines that are there, and gives their room back. */
  read(onLine: (line: TraceLine) => void): void {
    const { producer, consumer, records } = this.#trace
    // Acquire: the lines are seen with the tail.
    const { tail } = producer
    let { head } = consumer
    // Positions that cannot be, because something wrote over one: what there was is not known.
    if ((tail - head) >>> 0 > LIMITS.TRACE_RECORDS) head = tail
    while (head !== tail) {
      const record = records[head % LIMITS.TRACE_RECORDS]
      if (record !== undefined) onLine(traceLine(record))
      head = (head + 1) >>> 0
    }
    // Release: the lines were read before the core writes over them.
    if (consumer.head !== head) consumer.head = head
  }
}
