import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { contendersOf } from '../../../bench/bridge/bridge-suite.ts'
import { CELLS, quickCell } from '../../../bench/bridge/cells.ts'
import { findCore } from '../../../bench/bridge/core-process.ts'
import { measure } from '../../../bench/bridge/measure.ts'
import { buildPrograms, REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, readResults } from '../../../bench/results.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

const ONE_CPU = { server: 0, load: 0, core: 0 }

async function bench(t: ExecutionContext, ...args: string[]) {
  return await runProgram(t, process.execPath, join(REPOSITORY, 'dist/bench/main.js'), ...args)
}

test('a quick run measures every bridge in the cells that were asked for', async (t) => {
  const file = join(temporaryFolder(t), 'bridge.json')
  const cells = CELLS.filter(({ name }) => ['latency', 'rate-50k'].includes(name))
  const { code, stdout, stderr } = await bench(
    ...([t, 'bridge', '--quick', '--rounds', '1', '--out', file] as const),
    ...['--cells', cells.map(({ name }) => name).join()],
  )
  t.is(code, 0, stderr)
  t.regex(stderr, /^(bench: note: there is no third CPU: .*\n)?$/)
  const results = readResults(file)
  t.true(results.isQuick)
  t.deepEqual(
    results.series.map(({ cell, contender }) => `${cell} ${contender}`),
    cells.flatMap((cell) => contendersOf(cell).map(({ name }) => `${cell.name} ${name}`)),
  )
  for (const series of results.series) {
    for (const metric of ['messagesPerS', 'p50Us', 'cpuUsPerMessage', 'cpuSPerGB']) {
      const [figure = 0, ...more] = figuresOf(series, metric)
      t.true(figure > 0 && more.length === 0, `${series.cell} ${series.contender} ${metric}`)
    }
  }
  for (const { title } of cells) t.true(stdout.includes(title), title)
  const rows = stdout.split('\n').filter((line) => line.includes('±'))
  t.is(rows.length, results.series.length)
  for (const row of rows) t.true(row.length <= 120, row)
})

async function measureProgram(script: string) {
  const [cell] = CELLS
  if (cell === undefined) throw new Error('there is no cell')
  return await measure(
    { name: 'odd', isOurs: false, command: [process.execPath, '--eval', script, '--'] },
    quickCell({ ...cell, work: 'none' }),
    { warmupMs: 0, durationMs: 1000 },
    ONE_CPU,
    new AbortController().signal,
  )
}

test('a bridge that does not start, or has no core, is an error that says so', async (t) => {
  await t.throwsAsync(() => measureProgram('console.error("no luck"); process.exitCode = 3'), {
    code: 'ERR_CARILLON_BENCH_SERVER',
    message: /^odd: it did not start; odd ended with exit code 3: no luck$/,
  })
  const ready = `console.log('{"event":"ready","port":1}'); setInterval(() => {}, 1e6)`
  await t.throwsAsync(() => measureProgram(ready), {
    code: 'ERR_CARILLON_BENCH_SERVER',
    message: /odd: it has no core$/,
  })
  t.throws(() => findCore('this test', process.pid), { message: 'this test: it has no core' })
})
