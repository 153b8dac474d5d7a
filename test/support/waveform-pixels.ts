/** The line of the first channel as the canvas shows it. */
export interface DrawnLine {
  /** For each column with a part of the line, its middle: 1 at the top of the plot, -1 at the bottom. */
  readonly heights: number[]
  /** Times that the line crosses the middle of the plot. */
  readonly crossings: number
}

/**
 * An expression for the browser: looks at the pixels of the page's waveform. An expression, as these
 * tests are compiled for Node, which has no canvas.
 */
export const DRAWN_LINE = `(() => {
  const canvas = document.querySelector('#waveform canvas')
  const over = document.querySelector('#waveform .u-over')
  if (!canvas || !over) return { heights: [], crossings: 0 }
  const probe = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--channel-0')
  probe.fillRect(0, 0, 1, 1)
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data

  const frame = canvas.getBoundingClientRect()
  const plot = over.getBoundingClientRect()
  const scale = canvas.width / frame.width
  const left = Math.round((plot.left - frame.left) * scale)
  const top = Math.round((plot.top - frame.top) * scale)
  const width = Math.round(plot.width * scale)
  const height = Math.round(plot.height * scale)
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  copy.drawImage(canvas, -left, -top)
  const { data } = copy.getImageData(0, 0, width, height)
  const heights = []
  for (let x = 0; x < width; x++) {
    let sum = 0
    let count = 0
    for (let y = 0; y < height; y++) {
      const i = 4 * (y * width + x)
      const distance =
        Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue)
      if (data[i + 3] > 128 && distance < 24) {
        sum += y
        count++
      }
    }
    if (count > 0) heights.push(1 - (2 * sum) / (count * height))
  }
  const sides = heights.filter((value) => Math.abs(value) > 0.1).map(Math.sign)
  const crossings = sides.filter((side, i) => i > 0 && side !== sides[i - 1]).length
  return { heights, crossings }
})()`
