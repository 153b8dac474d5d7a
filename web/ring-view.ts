import { Bar } from './bar.ts'
import { element, setText } from './dom.ts'
import type { ItemView } from './keyed-list.ts'
import { formatBytes, formatCount } from './model/format.ts'
import type { RingReading } from './model/readings.ts'

/** One ring: how full it is, and what has gone through. */
export class RingView implements ItemView<RingReading> {
  readonly root = element('li', 'ring')
  readonly #bar: Bar
  readonly #fill = element('span', 'number')
  readonly #counts = element('span', 'ring-counts number')

  constructor(direction: string) {
    const label = direction.replace('-', ' ')
    this.root.dataset.direction = direction
    this.#counts.title =
      'Records that went through the ring, and how often there was no room for one'
    this.#bar = new Bar(`Ring ${label}: fill`)
    this.root.append(element('span', 'label', label), this.#fill, this.#bar.root, this.#counts)
  }

  update({ capacityBytes, usedBytes, records, full }: RingReading): void {
    const fill = `${formatBytes(usedBytes)} of ${formatBytes(capacityBytes)}`
    setText(this.#fill, fill)
    this.#bar.update(capacityBytes > 0 ? usedBytes / capacityBytes : 0, fill)
    setText(this.#counts, `${formatCount(records)} records · full ${formatCount(full)}×`)
  }
}
