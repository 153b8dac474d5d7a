import type { Estimate } from '../statistics.ts'
import { COLOURS, drawSvg, intervalSeries } from './chart.ts'

/** How many times as good one is as what it is measured by, in one row of a plot. */
export interface RatioRow {
  readonly label: string
  readonly contender: string
  readonly ratio: Estimate
}

const WIDTH_PX = 760
const ROW_PX = 26
const AROUND_PX = 110

/** Ratios with their intervals, a row for each; to the right is better. */
export function ratioPlot(title: string, rows: readonly RatioRow[]): string {
  const labels = [...new Set(rows.map(({ label }) => label))]
  const contenders = [...new Set(rows.map(({ contender }) => contender))]
  const series = contenders.flatMap((contender, place) => {
    const colour = COLOURS[place % COLOURS.length] ?? ''
    const its = rows.filter((row) => row.contender === contender)
    const data = its.map(({ label, ratio }) => {
      return [ratio.value, labels.indexOf(label), ratio.low, ratio.high]
    })
    return [
      intervalSeries(contender, data, 'x', colour),
      {
        ...{ name: contender, type: 'scatter', symbolSize: 8, silent: true },
        data: data.map(([x, y]) => [x, y]),
        itemStyle: { color: colour },
        // As good as what all are measured by.
        markLine: {
          ...{ silent: true, symbol: 'none', label: { show: false }, data: [{ xAxis: 1 }] },
          lineStyle: { color: '#888888', type: 'dashed' },
        },
      },
    ]
  })
  const ends = rows.flatMap(({ ratio }) => [ratio.low, ratio.high, 1]).filter((end) => end > 0)
  const height = labels.length * ROW_PX + AROUND_PX
  return drawSvg(
    {
      title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
      legend: { bottom: 0, itemGap: 30, data: contenders },
      grid: { left: 320, right: 30, top: 40, bottom: 60 },
      xAxis: {
        ...{ type: 'log', logBase: 2 },
        min: 2 ** Math.floor(Math.log2(Math.min(...ends))),
        max: 2 ** Math.ceil(Math.log2(Math.max(...ends))),
        axisLabel: { formatter: (value: number) => String(Number(value.toPrecision(3))) },
      },
      yAxis: {
        ...{ type: 'category', data: labels, inverse: true, axisTick: { show: false } },
        axisLabel: { interval: 0, width: 300, overflow: 'truncate' },
      },
      series,
    },
    WIDTH_PX,
    height,
  )
}
