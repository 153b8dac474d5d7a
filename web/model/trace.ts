import type { SampleHistory } from './sample-history.ts'

/** A window of the history as a plot takes it. */
export interface Trace {
  readonly timesMs: number[]
  /** One list for each channel; `null` where samples are missing. */
  readonly channels: (number | null)[][]
}

/** The largest absolute value in a trace. */
export function peakOfTrace({ channels }: Trace): number {
  let peak = 0
  for (const points of channels) {
    for (const point of points) {
      if (point !== null && Math.abs(point) > peak) peak = Math.abs(point)
    }
  }
  return peak
}

/**
 * The samples of a window, one point each; or, where they are more than a plot of `columns` can
 * show, the lowest and the highest of each column, so that no peak is lost.
 */
export function traceOf(
  history: SampleHistory,
  start: number,
  windowFrames: number,
  columns: number,
): Trace {
  const frames = Math.min(windowFrames, history.newest - start)
  const msPerFrame = 1000 / history.sampleRateHz
  const framesPerColumn = Math.max(1, windowFrames / Math.max(1, columns))
  const isWhole = framesPerColumn <= 2
  const timesMs: number[] = []
  const channels: (number | null)[][] = Array.from({ length: history.channels }, () => [])
  if (isWhole) {
    for (let frame = 0; frame < frames; frame++) {
      timesMs.push(frame * msPerFrame)
      for (const [channel, points] of channels.entries()) {
        points.push(finite(history.at(channel, start + frame)))
      }
    }
    return { timesMs, channels }
  }
  for (let column = 0; column * framesPerColumn < frames; column++) {
    const first = Math.floor(column * framesPerColumn)
    const end = Math.min(frames, Math.max(first + 1, Math.floor((column + 1) * framesPerColumn)))
    timesMs.push(first * msPerFrame, (first + end) * 0.5 * msPerFrame)
    for (const [channel, points] of channels.entries()) {
      const [lowest, highest] = extremes(history, channel, start + first, start + end)
      points.push(lowest, highest)
    }
  }
  return { timesMs, channels }
}

function extremes(
  history: SampleHistory,
  channel: number,
  first: number,
  end: number,
): [number | null, number | null] {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (let frame = first; frame < end; frame++) {
    const sample = history.at(channel, frame)
    if (sample < lowest) lowest = sample
    if (sample > highest) highest = sample
  }
  return [finite(lowest), finite(highest)]
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
