import type { SampleHistory } from './sample-history.ts'

/** How far back a steady picture is looked for: two periods of the lowest note of a piano. */
const SEARCH_S = 0.075
/** Share of the peak that a signal must have been below zero: noise at zero crosses it often. */
const HYSTERESIS = 0.15

/**
 * The first frame of the newest window in which the first channel rises through zero at the start,
 * as an oscilloscope does it, so that a periodic sound stands still. Where it never does: of the
 * newest window there is.
 */
export function triggeredStart(history: SampleHistory, windowFrames: number): number {
  const last = Math.max(history.oldest, history.newest - windowFrames)
  const searchFrames = Math.ceil(history.sampleRateHz * SEARCH_S)
  const first = Math.max(history.oldest, last - searchFrames)
  const threshold = -HYSTERESIS * peakOf(history, first, last)
  let start = last
  let isArmed = false
  for (let frame = first; frame <= last && frame < history.newest; frame++) {
    const sample = history.at(0, frame)
    if (sample < threshold) isArmed = true
    else if (isArmed && sample >= 0) {
      start = frame
      isArmed = false
    }
  }
  return start
}

function peakOf(history: SampleHistory, first: number, last: number): number {
  let peak = 0
  for (let frame = first; frame < last; frame++) {
    const sample = Math.abs(history.at(0, frame))
    if (sample > peak) peak = sample
  }
  return peak
}
