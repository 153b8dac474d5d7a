/** The colours of the style sheet, for what is drawn on a canvas. */
export class Palette {
  readonly #style = getComputedStyle(document.documentElement)

  /** @param onChange the colours are others now */
  constructor(onChange: () => void) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  }

  get text(): string {
    return this.#colour('--muted')
  }

  get grid(): string {
    return this.#colour('--grid')
  }

  channel(index: number): string {
    return this.#colour(`--channel-${index % CHANNEL_COLOURS}`)
  }

  #colour(name: string): string {
    return this.#style.getPropertyValue(name)
  }
}

/** As many as the style sheet has: 7.1 surround sound. */
const CHANNEL_COLOURS = 8
