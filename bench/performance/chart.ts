import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([
  ...[CustomChart, LineChart, ScatterChart],
  ...[GridComponent, LegendComponent, MarkLineComponent, TitleComponent],
  SVGRenderer,
])

/** What a chart is drawn from, as ECharts takes it. */
export type ChartOption = Readonly<Record<string, unknown>>

/** A colour for each contender of a chart, in order; told apart by who sees few colours, too. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']

/** A chart of so many pixels as the text of an SVG file: the same option gives the same text. */
export function drawSvg(option: ChartOption, widthPx: number, heightPx: number): string {
  const chart = init(null, null, {
    ...{ renderer: 'svg', ssr: true, width: widthPx, height: heightPx },
  })
  try {
    chart.setOption({ animation: false, backgroundColor: '#ffffff', color: COLOURS, ...option })
    return `${withOwnNames(chart.renderToSVGString())}\n`
  } finally {
    chart.dispose()
  }
}

/** The library counts its names up with every chart of the process; here they begin anew in each file. */
function withOwnNames(svg: string): string {
  const names = new Map<string, string>()
  return svg.replace(/\bzr\d+-[a-z]+-?\d+\b/g, (name) => {
    const own = names.get(name) ?? `zr-${names.size}`
    names.set(name, own)
    return own
  })
}

/** What `renderItem` of a custom series is given, as far as it is used here. */
interface ItemApi {
  value(dimension: number): number
  coord(point: readonly [number, number]): [number, number]
}

/** Half the height of the ends of an interval. */
const CAP_PX = 4

/**
 * A series of intervals: each a line from its low to its high end, with caps.
 *
 * @param data `[x, y, low, high]` of each.
 * @param along the axis that the intervals lie on.
 */
export function intervalSeries(
  name: string,
  data: readonly (readonly number[])[],
  along: 'x' | 'y',
  colour: string,
): ChartOption {
  return {
    ...{ name, type: 'custom', data, silent: true, clip: true },
    itemStyle: { color: colour },
    renderItem: (_: unknown, api: ItemApi) => {
      const [x, y, low, high] = [0, 1, 2, 3].map((dimension) => api.value(dimension)) as [
        number,
        number,
        number,
        number,
      ]
      const from = along === 'x' ? api.coord([low, y]) : api.coord([x, low])
      const to = along === 'x' ? api.coord([high, y]) : api.coord([x, high])
      const cap = along === 'x' ? [0, CAP_PX] : [CAP_PX, 0]
      const line = (a: readonly number[], b: readonly number[]) => ({
        type: 'line',
        shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] },
        style: { stroke: colour, lineWidth: 1.5 },
      })
      const across = (at: readonly number[]) =>
        line(
          at.map((place, axis) => place - (cap[axis] ?? 0)),
          at.map((place, axis) => place + (cap[axis] ?? 0)),
        )
      return { type: 'group', children: [line(from, to), across(from), across(to)] }
    },
  }
}
