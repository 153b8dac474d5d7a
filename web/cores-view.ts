import { type CoreAt, CoreView } from './core-view.ts'
import { byId } from './dom.ts'
import { KeyedList } from './keyed-list.ts'
import type { TelemetryReading } from './model/readings.ts'

/** The server's cores, each with its rings. */
export class CoresView {
  readonly #empty = byId('cores-empty', HTMLElement)
  readonly #cores = new KeyedList<CoreAt>(
    byId('core-list', HTMLElement),
    ({ core }) => core.index,
    ({ core }) => new CoreView(core.index),
  )

  update({ cores, uptimeS }: TelemetryReading): void {
    this.#empty.hidden = cores.length > 0
    this.#cores.update(cores.map((core) => ({ core, uptimeS })))
  }
}
