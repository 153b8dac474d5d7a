import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CELLS, quickCell } from '../../../bench/echo/cells.ts'
import { CONTENDERS } from '../../../bench/echo/contenders.ts'
import { measure } from '../../../bench/echo/measure.ts'
import { runLoad } from '../../../bench/load-process.ts'
import { findPlacement } from '../../../bench/placement.ts'
import { buildPrograms, REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, readResults, writeResults } from '../../../bench/results.ts'
import { ServerProcess } from '../../../bench/server-process.ts'
import { needsTool } from '../../support/needs-tool.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

test.before(() => buildPrograms())

const asioTest = needsTool(test, '/usr/include/asio.hpp', 'apt-get install libasio-dev')

async function bench(t: ExecutionContext, ...args: string[]) {
  return await runProgram(t, process.execPath, join(REPOSITORY, 'dist/bench/main.js'), ...args)
}

asioTest('a quick run measures every server in the cells that were asked for', async (t) => {
  const file = join(temporaryFolder(t), 'echo.json')
  const cells = CELLS.filter(({ name }) => ['ping-pong-1', 'bulk', 'open-1000'].includes(name))
  const { code, stdout, stderr } = await bench(
    ...([t, 'echo', '--quick', '--rounds', '1', '--out', file] as const),
    ...['--cells', cells.map(({ name }) => name).join()],
  )
  t.deepEqual([code, stderr], [0, ''])
  const results = readResults(file)
  t.true(results.isQuick)
  const measured = results.series.map(({ cell, contender }) => `${cell} ${contender}`)
  const planned = cells.flatMap((cell) =>
    CONTENDERS.filter(({ name }) => name !== 'carillon-busy' || cell.isBusyPolled).map(
      ({ name }) => `${cell.name} ${name}`,
    ),
  )
  t.deepEqual(measured, planned)
  for (const series of results.series) {
    for (const metric of ['messagesPerS', 'messagesPerCpuS', 'p50Us', 'loadedRssBytes']) {
      const [figure = 0, ...more] = figuresOf(series, metric)
      t.true(figure > 0 && more.length === 0, `${series.cell} ${series.contender} ${metric}`)
    }
  }
  for (const { title } of cells) t.true(stdout.includes(title), title)
  t.true(stdout.includes(file))
  t.regex(stdout, /^This was a quick run: .* The figures mean nothing\.\n/)
  const rows = stdout.split('\n').filter((line) => line.includes('±'))
  t.is(rows.length, planned.length)
  for (const row of rows) t.true(row.length <= 120, row)
  // Figures of a quick run are not compared.
  const compared = await bench(t, 'compare', file, file)
  t.is(compared.code, 1)
  t.regex(compared.stderr, /ERR_CARILLON_BENCH_RESULTS/)
})

test('without a suite the suites are listed', async (t) => {
  const { code, stdout } = await bench(t)
  t.is(code, 0)
  t.regex(stdout, /^ {2}echo .*\n[\s\S]*^ {2}rings .*\n[\s\S]*^ {2}compare /m)
})

test('what cannot be run is said, with what there is', async (t) => {
  for (const [args, message] of [
    [
      ['eco'],
      /there is no suite "eco": there are echo, rings, virt, board, bridge, scale, zero-copy, all, compare, report/,
    ],
    [['echo', '--rounds', '0'], /from 1 to 25, not "0"/],
    [['echo', '--rounds', '26'], /from 1 to 25, not "26"/],
    [['echo', '--rounds', '2.5'], /not "2\.5"/],
    [['echo', '--rounds', '4'], /at least 5, unless with --quick/],
    [['echo', '--cells', 'bulk,blk'], /names of ping-pong-1, .*, not "blk"/],
    [['all', '--rounds', '4'], /at least 5, unless with --quick/],
    [['all', '--cells', 'bulk'], /unknown option '--cells'/],
    [['echo', '--fast'], /unknown option '--fast'/],
    [['echo', 'more'], /too many arguments/],
    [['compare', 'one.json'], /missing required argument 'NEW\.json'/],
  ] as const) {
    const { code, stderr } = await bench(t, ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, message)
    t.regex(stderr, /\[ERR_CARILLON_USAGE\]\n$/)
  }
})

test('a comparison tells with its exit code whether something got worse', async (t) => {
  const folder = temporaryFolder(t)
  const write = (name: string, figures: number[]) => {
    const file = join(folder, name)
    writeResults(file, resultsOf([seriesOf('carillon', 'messagesPerS', figures)]))
    return file
  }
  const slow = write('slow.json', [10, 11, 12, 13, 14])
  const fast = write('fast.json', [20, 21, 22, 23, 24])
  const worse = await bench(t, 'compare', fast, slow)
  t.is(worse.code, 1)
  t.regex(worse.stdout, /bulk carillon .* worse\n1 worse, 0 better, 0 within noise\n$/)
  const better = await bench(t, 'compare', slow, fast)
  t.is(better.code, 0)
  t.regex(better.stdout, /0 worse, 1 better/)
})

async function measureProgram(script: string) {
  const [cell] = CELLS
  if (cell === undefined) throw new Error('there is no cell')
  return await measure(
    { name: 'odd', command: [process.execPath, '--eval', script, '--'] },
    quickCell(cell),
    { warmupMs: 0, durationMs: 1000 },
    findPlacement(),
    new AbortController().signal,
  )
}

const LISTEN = `
  const server = require('node:net').createServer(serve).listen(0, '127.0.0.1', () =>
    console.log(JSON.stringify({ event: 'ready', port: server.address().port })))`

test('a server that does not start is an error that says why', async (t) => {
  await t.throwsAsync(() => measureProgram('console.error("no luck"); process.exitCode = 3'), {
    code: 'ERR_CARILLON_BENCH_SERVER',
    message: /^odd: it did not start; odd ended with exit code 3: no luck$/,
  })
  await t.throwsAsync(
    () => measureProgram('console.log("Listening"); setInterval(() => {}, 1e6)'),
    {
      code: 'ERR_CARILLON_BENCH_SERVER',
      message: /^odd: its first line is Listening$/,
    },
  )
})

test('a server that ends while it is measured is an error that says how', async (t) => {
  const dying = `const serve = () => setTimeout(() => { console.error('enough'); process.exit(4) }, 0)
    ${LISTEN}`
  await t.throwsAsync(() => measureProgram(dying), {
    code: 'ERR_CARILLON_BENCH_SERVER',
    message: /^odd, 1 connection.*: echo_load: the server .* connection 1.*/,
  })
})

test('an interrupted measurement leaves no process behind', async (t) => {
  const [contender] = CONTENDERS
  const controller = new AbortController()
  const { signal } = controller
  const cpu = findPlacement()
  const server = await ServerProcess.start(contender.name, contender.command, cpu.server, signal)
  t.teardown(() => server.stop())
  const load = { connections: 1, active: 1, messageBytes: 64, depth: 1 }
  // It answers only once the load generator has ended.
  const running = runLoad(
    { ...load, warmupMs: 0, durationMs: 60_000 },
    { port: server.ready.port, pid: server.pid },
    cpu.load,
    { signal, onConnected: () => controller.abort(new Error('interrupted')) },
  )
  await t.throwsAsync(running, { message: 'interrupted' })
  const { pid } = server
  await server.stop()
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})
