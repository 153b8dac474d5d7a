import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { buildPrograms, REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, readResults } from '../../../bench/results.ts'
import { contendersOf } from '../../../bench/scale/contenders.ts'
import { placeCores } from '../../../bench/scale/core-processes.ts'
import { measuredValues, pointName, SWEEPS } from '../../../bench/scale/sweeps.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

async function bench(t: ExecutionContext, ...args: string[]) {
  return await runProgram(t, process.execPath, join(REPOSITORY, 'dist/bench/main.js'), ...args)
}

test('a quick run measures the points of a curve that were asked for', async (t) => {
  const file = join(temporaryFolder(t), 'scale.json')
  const sweeps = SWEEPS.filter(({ name }) => ['cores', 'rate'].includes(name))
  const { code, stdout, stderr } = await bench(
    ...([t, 'scale', '--quick', '--rounds', '1', '--out', file] as const),
    ...['--cells', sweeps.map(({ name }) => name).join()],
  )
  t.is(code, 0, stderr)
  t.regex(stderr, /^(bench: note: there are \d CPUs for up to 4 cores: .*\n)?$/)
  const results = readResults(file)
  t.true(results.isQuick)
  t.deepEqual(
    results.series.map(({ cell, contender }) => `${cell} ${contender}`),
    sweeps.flatMap((sweep) =>
      measuredValues(sweep, true).flatMap((value) =>
        contendersOf(sweep).map(({ name }) => `${pointName(sweep, value)} ${name}`),
      ),
    ),
  )
  for (const series of results.series) {
    for (const metric of ['messagesPerS', 'p50Us', 'cpuUsPerMessage', 'coreCpuUsPerMessage']) {
      const [figure = 0, ...more] = figuresOf(series, metric)
      t.true(figure > 0 && more.length === 0, `${series.cell} ${series.contender} ${metric}`)
    }
  }
  for (const { title } of sweeps) t.true(stdout.includes(title), title)
  const rows = stdout.split('\n').filter((line) => line.includes('±'))
  t.is(rows.length, results.series.length)
  for (const row of rows) t.true(row.length <= 120, row)
})

test('a bridge with another number of cores than it should have is an error that says so', (t) => {
  t.throws(() => placeCores('this test', process.pid, 2, [0]), {
    code: 'ERR_CARILLON_BENCH_SERVER',
    message: 'this test: it has 0 cores and not 2',
  })
})
