import test from 'ava'
import type { Series } from '../../../bench/results.ts'
import { growthsOf, pointsOf } from '../../../bench/scale/growth.ts'
import { scaleReport } from '../../../bench/scale/report.ts'
import { pointName, SWEEPS, type Sweep } from '../../../bench/scale/sweeps.ts'
import { resultsOf } from '../results-of.ts'

function sweepNamed(name: string): Sweep {
  const sweep = SWEEPS.find((each) => each.name === name)
  if (sweep === undefined) throw new Error(`there is no curve ${name}`)
  return sweep
}

/** Five rounds of a contender along a curve. */
function along(
  sweep: Sweep,
  sampleAt: (value: number) => Record<string, number>,
  contender = 'carillon',
): Series[] {
  return sweep.values.map((value) => ({
    ...{ cell: pointName(sweep, value), contender, isOurs: contender === 'carillon', about: {} },
    samples: Array.from({ length: 5 }, () => sampleAt(value)),
  }))
}

const steady = { messagesPerS: 8192, coreCpuUsPerMessage: 1, p50Us: 20, p99Us: 40 }

test('the exponent with which a cost grows is that of its medians', (t) => {
  const clients = sweepNamed('clients')
  const results = resultsOf(along(clients, (x) => ({ ...steady, cpuUsPerMessage: 4 * x ** -0.25 })))
  const growths = growthsOf(results, clients)
  t.deepEqual(
    growths.map(({ cost }) => cost),
    ['cpuUsPerMessage', 'coreCpuUsPerMessage', 'p50Us'],
  )
  const [cpu, core] = growths.map(({ law }) => law.exponent.value)
  t.true(Math.abs((cpu ?? 0) + 0.25) < 1e-9 && Math.abs(core ?? 9) < 1e-9)
})

test('a point at which less was sent than was due is in no curve', (t) => {
  const rate = sweepNamed('rate')
  const most = rate.values.at(-1) ?? 0
  const at = (share: number) =>
    resultsOf(
      along(rate, (x) => ({
        ...steady,
        cpuUsPerMessage: 1,
        messagesPerS: x === most ? share * x : x,
      })),
    )
  const lengthAt = (share: number) =>
    pointsOf(at(share), rate, 'carillon', 'cpuUsPerMessage').length
  t.is(lengthAt(0.99), rate.values.length)
  t.is(lengthAt(0.98), rate.values.length - 1)
  t.true(scaleReport(at(0.98)).includes(`carillon did not keep up at ${most}`))
  t.false(scaleReport(at(0.99)).includes('keep up'))
})

test('the report says both contenders, their ratio, and how each grows', (t) => {
  const clients = sweepNamed('clients')
  const text = scaleReport(
    resultsOf([
      ...along(clients, () => ({ ...steady, cpuUsPerMessage: 6 })),
      ...along(clients, () => ({ ...steady, cpuUsPerMessage: 4 }), 'c-bridge'),
    ]),
  )
  t.is(text.match(/1\.50 \[1\.50, 1\.50\]/g)?.length, clients.values.length)
  t.regex(text, /^carillon, CPU of the bridge: -?0\.00 \[-?0\.00, -?0\.00\]; .* 0 % off$/m)
  t.regex(text, /^c-bridge, p50: -?0\.00 /m)
})

test('every point of a curve is of its own name, and nothing of a curve is out of the load’s range', (t) => {
  const names = SWEEPS.flatMap((sweep) => sweep.values.map((value) => pointName(sweep, value)))
  t.is(new Set(names).size, names.length)
  for (const sweep of SWEEPS) {
    for (const value of sweep.values) {
      const { active, connections, cores, samples } = sweep.trafficAt(value)
      // Slots of a core, cores of a server, clients of a server, the longest record.
      t.true(active <= 128 && active <= connections && connections < 10_000)
      t.true(cores >= 1 && cores <= 4 && samples <= 16_380)
    }
  }
})
