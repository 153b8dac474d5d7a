import { Bar } from './bar.ts'
import { element, fact, setText } from './dom.ts'
import { type ItemView, KeyedList } from './keyed-list.ts'
import { formatCount, formatShare } from './model/format.ts'
import { Pulse } from './model/pulse.ts'
import type { CoreReading, RingReading } from './model/readings.ts'
import { Rise } from './model/rise.ts'
import { RingView } from './ring-view.ts'

/** A core's reading and the server's clock at it. */
export interface CoreAt {
  readonly core: CoreReading
  readonly uptimeS: number
}

/** One core: how it is, what it does, and its rings. */
export class CoreView implements ItemView<CoreAt> {
  readonly root = element('li', 'core')
  readonly #kind = element('span', 'kind')
  readonly #state = element('span', 'state')
  readonly #heart = element('span', 'heart')
  readonly #load = new Bar('Load')
  readonly #loadText = element('span', 'number')
  readonly #facts = {
    streams: fact('Streams', 'Streams open on this core: those of clients, and its own string'),
    blocks: fact('Blocks', 'Blocks of samples that the core has processed since it started'),
    overruns: fact(
      'Overruns',
      'Blocks of the plucked string that were left out: the core had no CPU for 0.1 s, or the ring to the host was full. A client’s blocks are never left out. Marked while it rises',
    ),
    boots: fact('Boots', 'Times that the firmware of this core has started'),
    heartbeat: fact('Heartbeat', 'Counts up while the core is alive, 40 times a second at least'),
  }
  readonly #overruns = new Rise()
  readonly #rings: KeyedList<RingReading>
  readonly #pulse = new Pulse()

  constructor(index: number) {
    this.root.dataset.core = String(index)
    const list = element('ul', 'rings')
    this.#rings = new KeyedList<RingReading>(
      list,
      ({ direction }) => direction,
      ({ direction }) => new RingView(direction),
    )
    this.#heart.setAttribute('aria-hidden', 'true')
    const load = element('div', 'load', element('span', 'label', 'Load'))
    load.append(this.#load.root, this.#loadText)
    load.title = 'Share of the last second that the core spent working'
    this.root.append(
      element('h3', '', this.#heart, `Core ${index}`, this.#kind, this.#state),
      element(
        'div',
        'core-body',
        load,
        element('dl', 'facts', ...Object.values(this.#facts).map(({ row }) => row)),
        list,
      ),
    )
  }

  update({ core, uptimeS }: CoreAt): void {
    const isBeating = this.#pulse.push(core.heartbeat, uptimeS)
    this.root.dataset.state = core.state
    this.root.dataset.heartbeat = isBeating ? 'beating' : 'still'
    setText(this.#kind, core.kind)
    setText(this.#state, core.state)
    setText(this.#loadText, formatShare(core.load))
    this.#load.update(core.load, formatShare(core.load))
    const { streams, blocks, overruns, boots, heartbeat } = this.#facts
    setText(streams.value, formatCount(core.streams))
    setText(blocks.value, formatCount(core.blocks))
    setText(overruns.value, formatCount(core.overruns))
    overruns.row.classList.toggle('is-bad', this.#overruns.push(core.overruns, uptimeS))
    setText(boots.value, formatCount(core.bootCount))
    setText(heartbeat.value, `${formatCount(core.heartbeat)}${isBeating ? '' : ' (still)'}`)
    this.#rings.update(core.rings)
  }
}
