/** Under this the picture would be of noise: -60 dBFS fills all of it. */
const SMALLEST = 0.001
/** So that the axis follows a sound that fades, but not every swing of one that beats. */
const SHRINK_AFTER_S = 0.5

/** The end of the waveform's axis: 1, 2 or 5 times a power of ten, and all of the sound inside. */
export class VerticalRange {
  #end = SMALLEST
  #largestSince = 0
  #sinceS = 0

  get end(): number {
    return this.#end
  }

  /** The highest peak of a picture that is drawn `seconds` after the one before. */
  push(peak: number, seconds: number): void {
    const wanted = roundUp(peak)
    this.#largestSince = Math.max(this.#largestSince, wanted)
    this.#sinceS += seconds
    if (wanted > this.#end) this.#set(wanted)
    else if (this.#sinceS > SHRINK_AFTER_S) this.#set(this.#largestSince)
  }

  #set(end: number): void {
    this.#end = end
    this.#largestSince = 0
    this.#sinceS = 0
  }
}

function roundUp(peak: number): number {
  if (!(peak > SMALLEST) || !Number.isFinite(peak)) return SMALLEST
  const decade = 10 ** Math.floor(Math.log10(peak))
  const step = [1, 2, 5].find((factor) => peak <= factor * decade * (1 + 1e-6)) ?? 10
  return step * decade
}
