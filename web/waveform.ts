import uPlot from 'uplot'
import type { Trace } from './model/trace.ts'
import { Palette } from './palette.ts'

const FONT = '12px system-ui, sans-serif'
/** Room for the axes, in CSS pixels: a value such as `−0.00075`, a line of text. */
const VERTICAL_AXIS_WIDTH = 64
const HORIZONTAL_AXIS_HEIGHT = 26
/** The least between two values of an axis. */
const HORIZONTAL_SPACE = 56
const VERTICAL_SPACE = 32

/** The plot of a window of sound: time from left to right, one line for each channel. */
export class Waveform {
  readonly #container: HTMLElement
  readonly #palette: Palette
  #plot: uPlot | undefined
  #channels = 0
  #windowMs = 1
  #verticalEnd = 1

  constructor(container: HTMLElement) {
    this.#container = container
    this.#palette = new Palette(() => this.#plot?.redraw(false))
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(container)
  }

  /** How many columns of the screen's pixels a window is drawn in. */
  get columns(): number {
    const width = this.#container.clientWidth - VERTICAL_AXIS_WIDTH - HORIZONTAL_SPACE / 2
    return Math.max(1, Math.round(width * devicePixelRatio))
  }

  /**
   * Draws a trace.
   *
   * @param windowMs the end of the horizontal axis
   * @param verticalEnd the ends of the vertical axis, up and down
   */
  draw({ timesMs, channels }: Trace, windowMs: number, verticalEnd: number): void {
    this.#windowMs = windowMs
    this.#verticalEnd = verticalEnd
    if (this.#plot === undefined || this.#channels !== channels.length) {
      this.#plot?.destroy()
      this.#channels = channels.length
      this.#plot = new uPlot(this.#options(), [timesMs, ...channels], this.#container)
    } else {
      this.#plot.setData([timesMs, ...channels])
    }
  }

  #size(): { width: number; height: number } {
    return { width: this.#container.clientWidth, height: this.#container.clientHeight }
  }

  #options(): uPlot.Options {
    const axis = {
      font: FONT,
      stroke: () => this.#palette.text,
      grid: { stroke: () => this.#palette.grid, width: 1 },
      ticks: { show: false },
    }
    return {
      ...this.#size(),
      padding: [8, HORIZONTAL_SPACE / 2, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [0, this.#windowMs] },
        y: { range: () => [-this.#verticalEnd, this.#verticalEnd] },
      },
      axes: [
        {
          ...axis,
          size: HORIZONTAL_AXIS_HEIGHT,
          space: HORIZONTAL_SPACE,
          values: (_, times) => times.map((time) => (time === 0 ? '0' : `${time} ms`)),
        },
        {
          ...axis,
          size: VERTICAL_AXIS_WIDTH,
          space: VERTICAL_SPACE,
          values: (_, values) => values.map((value) => String(value).replace('-', '\u2212')),
        },
      ],
      series: [
        {},
        ...Array.from({ length: this.#channels }, (_, channel) => ({
          stroke: () => this.#palette.channel(channel),
          width: 1.5,
          points: { show: false },
        })),
      ],
    }
  }
}
