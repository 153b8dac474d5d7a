import type { Estimate } from './statistics.ts'

/** Where a figure was measured. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** A straight line through points: `y = intercept + slope * x`. */
export interface Line {
  readonly intercept: Estimate
  readonly slope: Estimate
}

/** A curve through points: `y = factor * x ** exponent`. */
export interface PowerLaw {
  readonly factor: number
  readonly exponent: Estimate
  /** How far the farthest point lies from the curve, as a share of the curve's value there. */
  readonly farthestShare: number
}

/** With fewer nothing is left over from which to tell how well a line fits. */
export const FIT_POINTS_MIN = 3

/**
 * For 1, 2, 3, … degrees of freedom: how many standard errors to each side an interval of 95 %
 * takes (the 97.5 % point of Student's t, as in any table of it).
 */
const STUDENT_T = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086],
]
/** As many as the table is for. */
export const FIT_POINTS_MAX = STUDENT_T.length + 2

/**
 * The line with the least sum of squares, with intervals from how far the points lie from it: a curve
 * that is none of a line has a wide one.
 *
 * @param points of at least two different x: {@link FIT_POINTS_MIN} to {@link FIT_POINTS_MAX}.
 * @param weightOf how much a point's square counts. Default: 1.
 * @returns undefined where the points are too few, too many, or all of one x.
 */
export function fitLine(
  points: readonly Point[],
  weightOf: (point: Point) => number = () => 1,
): Line | undefined {
  const freedom = points.length - 2
  const t = STUDENT_T[freedom - 1]
  if (t === undefined) return undefined
  const weights = points.map(weightOf)
  const sum = (of: (point: Point) => number) =>
    points.reduce((total, point, i) => total + (weights[i] ?? 0) * of(point), 0)
  const weight = sum(() => 1)
  const meanX = sum(({ x }) => x) / weight
  const meanY = sum(({ y }) => y) / weight
  const spreadX = sum(({ x }) => (x - meanX) ** 2)
  if (!(spreadX > 0)) return undefined
  const slope = sum(({ x, y }) => (x - meanX) * (y - meanY)) / spreadX
  const intercept = meanY - slope * meanX
  const variance = sum(({ x, y }) => (y - intercept - slope * x) ** 2) / freedom
  const estimate = (value: number, error: number): Estimate => {
    return { value, low: value - t * error, high: value + t * error }
  }
  return {
    slope: estimate(slope, Math.sqrt(variance / spreadX)),
    intercept: estimate(intercept, Math.sqrt(variance * (1 / weight + meanX ** 2 / spreadX))),
  }
}

/**
 * The power of x that y grows with: the line in log-log space.
 *
 * @param points as of {@link fitLine}; x and y above 0.
 * @returns undefined where {@link fitLine} has no line, or a point is not above 0.
 */
export function fitPowerLaw(points: readonly Point[]): PowerLaw | undefined {
  if (points.some(({ x, y }) => !(x > 0 && y > 0))) return undefined
  const line = fitLine(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) })))
  if (line === undefined) return undefined
  const factor = Math.exp(line.intercept.value)
  const exponent = line.slope
  const shares = points.map(({ x, y }) => Math.abs(y / (factor * x ** exponent.value) - 1))
  return { factor, exponent, farthestShare: Math.max(...shares) }
}
