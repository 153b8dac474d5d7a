import type { Point, PowerLaw } from '../least-squares.ts'
import { COLOURS, drawSvg, intervalSeries } from './chart.ts'

/** A point of a curve with the least and the most of its rounds. */
export interface SpreadPoint extends Point {
  readonly least: number
  readonly most: number
}

/** What one contender's cost is along a curve. */
export interface Curve {
  readonly contender: string
  readonly points: readonly SpreadPoint[]
  /** What was laid through them, where that could be. */
  readonly law: PowerLaw | undefined
}

const WIDTH_PX = 560
const HEIGHT_PX = 360

/** Curves with both axes logarithmic: medians, all that the rounds spread over, and power laws dashed. */
export function curvePlot(
  title: string,
  axes: { readonly x: string; readonly y: string },
  curves: readonly Curve[],
): string {
  const all = curves.flatMap(({ points }) => points)
  const axis = (name: string, values: readonly number[]) => ({
    ...{ type: 'log', logBase: 2, name, nameLocation: 'middle', nameGap: 32 },
    min: 2 ** Math.floor(Math.log2(Math.min(...values))),
    max: 2 ** Math.ceil(Math.log2(Math.max(...values))),
    axisLabel: { formatter: (value: number) => String(Number(value.toPrecision(3))) },
  })
  return drawSvg(
    {
      title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
      legend: { bottom: 0, itemGap: 30, data: curves.map(({ contender }) => contender) },
      grid: { left: 70, right: 25, top: 40, bottom: 80 },
      xAxis: axis(
        axes.x,
        all.map(({ x }) => x),
      ),
      yAxis: axis(
        axes.y,
        all.flatMap(({ least, most }) => [least, most]),
      ),
      series: curves.flatMap((curve, place) =>
        curveSeries(curve, COLOURS[place % COLOURS.length] ?? ''),
      ),
    },
    WIDTH_PX,
    HEIGHT_PX,
  )
}

function curveSeries({ contender, points, law }: Curve, colour: string) {
  const ends = [points[0]?.x ?? 1, points.at(-1)?.x ?? 1]
  const dashed = law && {
    ...{ name: contender, type: 'line', symbol: 'none', silent: true },
    data: ends.map((x) => [x, law.factor * x ** law.exponent.value]),
    lineStyle: { color: colour, type: 'dashed', width: 1.5 },
  }
  return [
    ...(dashed === undefined ? [] : [dashed]),
    intervalSeries(
      contender,
      points.map(({ x, y, least, most }) => [x, y, least, most]),
      'y',
      colour,
    ),
    {
      ...{ name: contender, type: 'scatter', symbolSize: 8, silent: true },
      data: points.map(({ x, y }) => [x, y]),
      itemStyle: { color: colour },
    },
  ]
}
