import test from 'ava'
import {
  ASSUMED,
  capacities,
  type MeasuredCosts,
  measuredCosts,
} from '../../../bench/performance/plan.ts'
import { pointName, SWEEPS, type Sweep } from '../../../bench/scale/sweeps.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

const NOTHING: MeasuredCosts = {
  ...{ bridgeUsPerBlock: undefined, atBlocksPerS: undefined, bridgeNsPerByte: undefined },
  ...{ coreUsPerBlock: undefined, filterNsPerSample: undefined },
  ...{ brokerUsPerMessage: undefined, brokerBytesPerConnection: undefined },
}

const SIMPLE = {
  ...ASSUMED,
  ...{ busyShare: 0.5, sampleRateHz: 1000, blockSamples: 10, piSlowness: 10, piBareCores: 3 },
  ...{ headerBytes: 10, wireBytes: 10, piNetworkBitsPerS: 1e6, streamsPerCore: 2 },
}

test('a capacity is what each thing allows', (t) => {
  // 100 blocks a second, of 60 bytes on the network; half of a CPU that is ten times as slow.
  const costs = { ...NOTHING, bridgeUsPerBlock: 20, coreUsPerBlock: 5, filterNsPerSample: 500 }
  const [board] = capacities(costs, SIMPLE)
  t.deepEqual(board?.limits, [
    { what: 'CPU of Linux, for the bridge', count: 50_000 / (20 * 100) },
    { what: 'CPU of the cores', count: (3 * 50_000) / (10 * 100) },
    { what: 'slots of the cores', count: 6 },
    { what: 'network', count: 1e6 / (2 * 60 * 8 * 100) },
  ])
})

test('a broker passes on what its engine has CPU and memory for', (t) => {
  const costs = { ...NOTHING, brokerUsPerMessage: 5, brokerBytesPerConnection: 1000 }
  const [, , broker] = capacities(costs, {
    ...SIMPLE,
    ...{ deviceMessagesPerS: 10, brokerReceivers: 2, brokerMemoryBytes: 1e6 },
    brokerKernelBytesPerConnection: 3000,
  })
  t.deepEqual(broker?.limits, [
    { what: 'CPU of the engine', count: 5000 },
    { what: 'memory', count: 250 },
  ])
})

test('what was not measured limits nothing, and a broker without figures is not planned', (t) => {
  const all = capacities(NOTHING)
  t.deepEqual(
    all.map(({ limits }) => limits.map(({ what }) => what)),
    [
      ['slots of the cores', 'network'],
      ['slots of the cores', 'network'],
    ],
  )
})

test('costs are those of the results', (t) => {
  const along = (name: string, costAt: (value: number) => number) => {
    const sweep = SWEEPS.find((each) => each.name === name) as Sweep
    return sweep.values.map((value) => ({
      ...seriesOf('carillon', 'cpuUsPerMessage', [], pointName(sweep, value)),
      samples: [
        {
          messagesPerS: value,
          cpuUsPerMessage: costAt(value),
          coreCpuUsPerMessage: 2 * costAt(value),
        },
      ],
    }))
  }
  const scale = resultsOf([
    ...along('rate', (rate) => 1e6 / rate),
    // 3 µs a block and 2 ns a byte.
    ...along('samples', (samples) => 3 + 0.008 * samples),
  ])
  const bridge = resultsOf([
    {
      ...seriesOf('carillon', 'messagesPerS', [], 'filtered'),
      samples: [{ messagesPerS: 1000, coreCpuShare: 0.256 }],
    },
  ])
  const echo = resultsOf([
    seriesOf('carillon', 'messagesPerCpuS', [1e5, 2e5, 3e5], 'ping-pong-50'),
    seriesOf('carillon', 'bytesPerConnection', [700], 'open-10000'),
  ])
  const costs = measuredCosts(new Map(Object.entries({ scale, bridge, echo })))
  t.is(costs.atBlocksPerS, 65_536)
  t.is(costs.bridgeUsPerBlock, 1e6 / 65_536)
  t.is(costs.coreUsPerBlock, 2e6 / 65_536)
  t.true(Math.abs((costs.bridgeNsPerByte ?? 0) - 2) < 1e-9)
  t.is(costs.filterNsPerSample, 1000)
  t.is(costs.brokerUsPerMessage, 5)
  t.is(costs.brokerBytesPerConnection, 700)
  t.deepEqual(measuredCosts(new Map()), NOTHING)
})
