import { Bar } from './bar.ts'
import { element, setText } from './dom.ts'
import { formatDbfs } from './model/format.ts'
import type { PeakMeter } from './model/level.ts'

/** The left end of the meters: quieter is as good as silent. */
const FLOOR_DB = -60

/** A peak meter for each channel; of more than one, they are the key to the waveform's lines. */
export class LevelsView {
  readonly #list: HTMLElement
  #rows: LevelRow[] = []

  constructor(list: HTMLElement) {
    this.#list = list
  }

  update(meters: readonly PeakMeter[]): void {
    if (this.#rows.length !== meters.length) {
      this.#rows = meters.map((_, channel) => new LevelRow(channel, meters.length))
      this.#list.replaceChildren(...this.#rows.map(({ root }) => root))
    }
    for (const [channel, meter] of meters.entries()) this.#rows[channel]?.update(meter)
  }
}

class LevelRow {
  readonly root = element('li', 'level')
  readonly #bar: Bar
  readonly #hold = element('span', 'bar-mark')
  readonly #text = element('span', 'number')

  constructor(channel: number, channels: number) {
    const label = channelLabel(channel, channels)
    this.root.dataset.channel = String(channel)
    this.#bar = new Bar(`Peak level, ${label}`)
    this.#bar.append(this.#hold)
    const name = element('span', 'label', label)
    if (channels > 1) name.prepend(element('span', 'line-sample'))
    this.root.append(name, this.#bar.root, this.#text)
  }

  update({ levelDb, heldDb }: PeakMeter): void {
    setText(this.#text, formatDbfs(heldDb))
    this.#bar.update(shareOf(levelDb), formatDbfs(levelDb))
    this.#hold.style.setProperty('--share', shareOf(heldDb).toFixed(4))
    this.root.classList.toggle('is-bad', heldDb > 0)
  }
}

function shareOf(db: number): number {
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB))
}

function channelLabel(channel: number, channels: number): string {
  if (channels === 1) return 'Peak'
  if (channels === 2) return channel === 0 ? 'Left' : 'Right'
  return `Ch ${channel + 1}`
}
