/** At the fastest rate and with many channels, this bounds what a page keeps: 4 MiB. */
const SAMPLES_MAX = 1024 * 1024

/**
 * The last few seconds of a source's samples, a ring for each channel. Frames are counted from 0
 * since the history began; those from `oldest` up to `newest`, without that one, are kept.
 */
export class SampleHistory {
  readonly sampleRateHz: number
  readonly channels: number
  /** The most frames that are kept. */
  readonly capacity: number
  readonly #rings: Float32Array[]
  #newest = 0

  constructor(sampleRateHz: number, channels: number, seconds: number) {
    this.sampleRateHz = sampleRateHz
    this.channels = channels
    const framesMax = Math.floor(SAMPLES_MAX / channels)
    this.capacity = Math.min(Math.max(2, Math.ceil(sampleRateHz * seconds)), framesMax)
    this.#rings = Array.from({ length: channels }, () => new Float32Array(this.capacity))
  }

  get newest(): number {
    return this.#newest
  }

  get oldest(): number {
    return Math.max(0, this.#newest - this.capacity)
  }

  /** Appends interleaved samples; a frame that is not whole is left out. */
  append(samples: Float32Array): void {
    const frames = Math.floor(samples.length / this.channels)
    for (let frame = Math.max(0, frames - this.capacity); frame < frames; frame++) {
      const at = (this.#newest + frame) % this.capacity
      for (const [channel, ring] of this.#rings.entries()) {
        ring[at] = samples[frame * this.channels + channel] ?? 0
      }
    }
    this.#newest += frames
  }

  /** Appends frames that are missing: they read as NaN, so that time stays true. */
  appendGap(frames: number): void {
    for (let frame = Math.max(0, frames - this.capacity); frame < frames; frame++) {
      const at = (this.#newest + frame) % this.capacity
      for (const ring of this.#rings) ring[at] = Number.NaN
    }
    this.#newest += frames
  }

  /** The sample of a frame that is kept; NaN where it is missing. */
  at(channel: number, frame: number): number {
    return this.#rings[channel]?.[frame % this.capacity] ?? Number.NaN
  }
}
