import { byId, setAttribute, setText } from './dom.ts'
import { LevelsView } from './levels-view.ts'
import { formatChannels, formatCount, formatDbfs, formatHz } from './model/format.ts'
import { PeakMeter, peaksOf } from './model/level.ts'
import type { ScopeReading } from './model/readings.ts'
import { SampleHistory } from './model/sample-history.ts'
import { peakOfTrace, traceOf } from './model/trace.ts'
import { triggeredStart } from './model/trigger.ts'
import { VerticalRange } from './model/vertical-range.ts'
import { Waveform } from './waveform.ts'

/** The longest window that can be chosen, and what is looked at to make it stand still. */
const HISTORY_S = 1.25
/** After this long without a piece of sound nothing plays. */
const QUIET_AFTER_MS = 1_000

/** A source as it is heard: a change of any of these begins anew. */
interface Source {
  readonly name: string
  readonly history: SampleHistory
  readonly range: VerticalRange
  readonly meters: readonly PeakMeter[]
  /** Frames that the server left out, and those among them that this page was too slow for. */
  skipped: number
  dropped: number
  /** Frames of the history when it was drawn last. */
  drawnFrames: number
}

/** What the core plays: its name, its waveform and its level. */
export class SoundView {
  readonly #section = byId('sound', HTMLElement)
  readonly #source = byId('source', HTMLElement)
  readonly #format = byId('format', HTMLElement)
  readonly #skippedText = byId('skipped', HTMLElement)
  readonly #figure = byId('waveform', HTMLElement)
  readonly #waveform = new Waveform(this.#figure)
  readonly #levels = new LevelsView(byId('levels', HTMLElement))
  readonly #hold = byId('hold', HTMLButtonElement)
  readonly #windows = byId('window', HTMLElement)
  readonly #requestDraw: () => void
  #playing: Source | undefined
  #frames = 0
  #heardAtMs = 0
  #isHeld = false

  /** @param requestDraw asks for `draw` to be called before the next frame */
  constructor(requestDraw: () => void) {
    this.#requestDraw = requestDraw
    this.#windows.addEventListener('change', requestDraw)
    this.#hold.addEventListener('click', () => {
      this.#isHeld = !this.#isHeld
      setAttribute(this.#hold, 'aria-pressed', String(this.#isHeld))
      // What came meanwhile was not kept: the picture goes on with what comes now.
      if (!this.#isHeld) this.#playing = undefined
    })
  }

  /** The server is another one, or was away: what is shown is of before. */
  reset(): void {
    this.#playing = undefined
  }

  push(scope: ScopeReading): void {
    this.#heardAtMs = performance.now()
    this.#section.dataset.state = 'playing'
    if (this.#isHeld) return
    const { samples, channels, sampleRateHz, skipped, dropped } = scope
    const source = this.#sourceOf(scope)
    if (skipped > 0) source.history.appendGap(skipped)
    source.skipped += skipped
    source.dropped += dropped
    source.history.append(samples)
    const frames = samples.length / channels
    const seconds = frames / sampleRateHz
    const peaks = peaksOf(samples, channels)
    for (const [channel, meter] of source.meters.entries()) meter.push(peaks[channel] ?? 0, seconds)
    this.#frames += frames
    this.#requestDraw()
  }

  /** Looks whether there is still sound. */
  checkQuiet(): void {
    const isQuiet = performance.now() - this.#heardAtMs > QUIET_AFTER_MS
    if (isQuiet) this.#section.dataset.state = 'quiet'
  }

  draw(): void {
    const source = this.#playing
    if (source === undefined) return
    const { name, history, range, meters } = source
    const { sampleRateHz, channels, capacity } = history
    const wanted = Math.round(sampleRateHz * this.#windowS())
    const windowFrames = Math.min(Math.max(2, wanted), capacity)
    const start = triggeredStart(history, windowFrames)
    const trace = traceOf(history, start, windowFrames, this.#waveform.columns)
    range.push(peakOfTrace(trace), (history.newest - source.drawnFrames) / sampleRateHz)
    source.drawnFrames = history.newest
    this.#waveform.draw(trace, (windowFrames / sampleRateHz) * 1000, range.end)
    this.#levels.update(meters)
    setText(this.#source, name)
    setText(this.#format, `${formatHz(sampleRateHz)} · ${formatChannels(channels)}`)
    this.#showSkipped(source)
    this.#figure.dataset.frames = String(this.#frames)
    const peakDb = Math.max(...meters.map(({ heldDb }) => heldDb))
    setAttribute(this.#figure, 'aria-label', `Waveform of ${name}, peak ${formatDbfs(peakDb)}`)
  }

  /** A recording is played faster than can be shown, and that is as it should be. */
  #showSkipped({ skipped, dropped }: Source): void {
    const why = dropped === 0 ? '' : `, ${formatCount(dropped)} because this page is too slow`
    setText(this.#skippedText, `${formatCount(skipped)} frames not shown${why}`)
    this.#skippedText.hidden = skipped === 0
    this.#skippedText.classList.toggle('is-bad', dropped > 0)
  }

  #sourceOf({ source: name, sampleRateHz, channels }: ScopeReading): Source {
    const now = this.#playing
    if (
      now?.name === name &&
      now.history.sampleRateHz === sampleRateHz &&
      now.history.channels === channels
    ) {
      return now
    }
    this.#playing = {
      name,
      history: new SampleHistory(sampleRateHz, channels, HISTORY_S),
      range: new VerticalRange(),
      meters: Array.from({ length: channels }, () => new PeakMeter()),
      skipped: 0,
      dropped: 0,
      drawnFrames: 0,
    }
    return this.#playing
  }

  #windowS(): number {
    const checked = this.#windows.querySelector<HTMLInputElement>('input:checked')
    return Number(checked?.value ?? 0.02)
  }
}
