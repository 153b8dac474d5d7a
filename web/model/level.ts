/** How fast a meter falls: that of the programme meters of IEC 60268-10, type I. */
const FALL_DB_PER_S = 12
/** How long the highest peak stays to be read. */
const HOLD_S = 1.5

/** A level in dB below full scale; minus infinity for silence. */
export function toDbfs(amplitude: number): number {
  return 20 * Math.log10(amplitude)
}

/** The highest absolute value of each channel in interleaved samples. */
export function peaksOf(samples: Float32Array, channels: number): number[] {
  const peaks = new Array<number>(channels).fill(0)
  for (let i = 0; i < samples.length; i++) {
    const amplitude = Math.abs(samples[i] ?? 0)
    const channel = i % channels
    if (amplitude > (peaks[channel] ?? 0)) peaks[channel] = amplitude
  }
  return peaks
}

/** One channel's peak meter: rises at once, falls slowly, and holds its highest value a while. */
export class PeakMeter {
  #levelDb = Number.NEGATIVE_INFINITY
  #heldDb = Number.NEGATIVE_INFINITY
  #heldForS = 0

  get levelDb(): number {
    return this.#levelDb
  }

  get heldDb(): number {
    return this.#heldDb
  }

  /** The peak of the next `seconds` of the signal. */
  push(peak: number, seconds: number): void {
    const db = toDbfs(peak)
    this.#levelDb = Math.max(db, this.#levelDb - FALL_DB_PER_S * seconds)
    this.#heldForS += seconds
    if (db >= this.#heldDb || this.#heldForS > HOLD_S) {
      this.#heldDb = db >= this.#heldDb ? db : this.#levelDb
      this.#heldForS = 0
    }
  }
}
