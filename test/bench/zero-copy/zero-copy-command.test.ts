import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { buildPrograms, builtProgram, REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, findSeries, readResults } from '../../../bench/results.ts'
import { ServerProcess } from '../../../bench/server-process.ts'
import { CELLS } from '../../../bench/zero-copy/cells.ts'
import { contendersOf } from '../../../bench/zero-copy/contenders.ts'
import { STREAM_REGION_BYTES, StreamRegion } from '../../../bench/zero-copy/stream-region.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

async function bench(t: ExecutionContext, ...args: string[]) {
  return await runProgram(t, process.execPath, join(REPOSITORY, 'dist/bench/main.js'), ...args)
}

test.serial('a quick run counts copies, looks for places and streams', async (t) => {
  const file = join(temporaryFolder(t), 'zero-copy.json')
  const cells = CELLS.filter(({ name }) => ['copies-16k', 'places', 'stream-1m'].includes(name))
  const { pid, code, stdout, stderr } = await bench(
    ...([t, 'zero-copy', '--quick', '--rounds', '1', '--out', file] as const),
    ...['--cells', cells.map(({ name }) => name).join()],
  )
  t.deepEqual([code, stderr], [0, ''])
  const results = readResults(file)
  t.deepEqual(
    results.series.map(({ cell, contender }) => `${cell} ${contender}`),
    cells.flatMap((cell) => contendersOf(cell).map(({ name }) => `${cell.name} ${name}`)),
  )
  const figure = (cell: string, contender: string, metric: string) =>
    figuresOf(findSeries(results, cell, contender), metric)[0] ?? -1
  // Whoever carries samples from a socket to a ring copies them at least once.
  for (const { name } of contendersOf(cells[0] as (typeof CELLS)[number])) {
    t.true(figure('copies-16k', name, 'copiesSocketToRing') > 0.9, name)
    // There and back.
    t.is(figure('places', name, 'placesInRegion'), 2, name)
    t.true(figure('places', name, 'placesElsewhere') >= 1, name)
  }
  t.true(figure('stream-1m', 'carillon-zero-copy', 'cpuSPerGB') > 0)
  for (const { title } of cells) t.true(stdout.includes(title), title)
  t.false(readdirSync('/dev/shm').some((name) => name.startsWith(`carillon-stream-${pid}-`)))
})

test.serial('a stream in which a word is altered is refused', async (t) => {
  const region = new StreamRegion()
  t.teardown(() => region.remove())
  const never = new AbortController().signal
  const server = await ServerProcess.start(
    'stream_write',
    [builtProgram('stream_write'), '--way', 'copy', '--file', region.path, '--block', '65536'],
    0,
    never,
  )
  t.teardown(() => server.stop())
  const sink = (regionBytes: number) =>
    runProgram(
      ...([t, builtProgram('stream_sink'), '--port', String(server.ready.port)] as const),
      ...['--region', String(regionBytes), '--warmup-ms', '0', '--duration-ms', '30'],
      ...['--stall-ms', '60000'],
    )
  const good = await sink(STREAM_REGION_BYTES)
  t.is(good.code, 0, good.stderr)
  t.true(JSON.parse(good.stdout).bytes > 0)
  // Where the region is taken to be shorter, all that follows is another word than is due.
  const altered = await sink(4096)
  t.is(altered.code, 1)
  t.regex(altered.stderr, /word \d+ of the stream is [0-9a-f]{16} and not [0-9a-f]{16}/)
})

test('the programs of the stream say how they are called', async (t) => {
  for (const program of ['stream_write', 'stream_sink']) {
    for (const args of [[], ['--port', '0'], ['--port', 'x'], ['--wy', 'copy']]) {
      t.is((await runProgram(t, builtProgram(program), ...args)).code, 2, `${program} ${args}`)
    }
  }
})
