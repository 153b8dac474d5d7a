import { RESULTS_FORMAT, type Results, type Series } from '../../bench/results.ts'

/** Results of a suite on some machine. */
export function resultsOf(series: readonly Series[], more: Partial<Results> = {}): Results {
  return {
    format: RESULTS_FORMAT,
    suite: 'echo',
    isQuick: false,
    startedAt: '2025-01-01T00:00:00.000Z',
    machine: {
      ...{ cpu: 'a CPU', cpus: 2, memoryBytes: 1, kernel: '6' },
      versions: { carillon: '1', node: '20', cc: '12', asio: '1' },
    },
    loadAverage: { before: 0, after: 2 },
    yardstick: 'c-epoll',
    series,
    ...more,
  }
}

/** The rounds of one contender, with one figure. */
export function seriesOf(
  contender: string,
  metric: string,
  figures: readonly number[],
  cell = 'bulk',
): Series {
  const samples = figures.map((figure) => ({ [metric]: figure }))
  return { cell, contender, isOurs: contender.startsWith('carillon'), about: {}, samples }
}
