import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { newestResults, resultFiles } from '../../../bench/performance/newest-results.ts'
import { REPOSITORY } from '../../../bench/programs.ts'
import { type Results, writeResults } from '../../../bench/results.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

async function report(t: ExecutionContext, ...args: string[]) {
  const main = join(REPOSITORY, 'dist/bench/main.js')
  return await runProgram(t, process.execPath, main, 'report', ...args)
}

function written(folder: string, name: string, results: Results): string {
  const file = join(folder, name)
  writeResults(file, results)
  return file
}

const GOOD = resultsOf([
  seriesOf('carillon', 'messagesPerS', [100, 101, 102]),
  seriesOf('c-epoll', 'messagesPerS', [50, 51, 52]),
])

test('a page is written, twice the same, and plots of before are taken away', async (t) => {
  const folder = temporaryFolder(t)
  const file = written(folder, 'echo.json', GOOD)
  const page = join(folder, 'docs/performance.md')
  mkdirSync(join(folder, 'docs/performance'), { recursive: true })
  writeFileSync(join(folder, 'docs/performance/old.svg'), '<svg/>')
  const read = () => [
    readFileSync(page, 'utf8'),
    ...readdirSync(join(folder, 'docs/performance')).map((name) =>
      readFileSync(join(folder, 'docs/performance', name), 'utf8'),
    ),
  ]
  const first = await report(t, file, '--out', page)
  t.deepEqual([first.code, first.stdout, first.stderr], [0, `${page}\n`, ''])
  t.deepEqual(readdirSync(join(folder, 'docs/performance')), ['echo.svg'])
  const before = read()
  t.is((await report(t, file, '--out', page)).code, 0)
  t.deepEqual(read(), before)
})

test('a file that is missing or damaged is an error, and nothing is written', async (t) => {
  const folder = temporaryFolder(t)
  const good = written(folder, 'good.json', GOOD)
  const page = join(folder, 'performance.md')
  const damaged = join(folder, 'damaged.json')
  writeFileSync(damaged, readFileSync(good, 'utf8').slice(0, 200))
  for (const bad of [damaged, join(folder, 'absent.json')]) {
    const { code, stderr } = await report(t, good, bad, '--out', page)
    t.is(code, 1)
    t.true(stderr.includes(bad) && stderr.endsWith('[ERR_CARILLON_BENCH_RESULTS]\n'), stderr)
    t.false(existsSync(page))
  }
})

test('of each suite the newest results count, and those of a quick run only for want of others', (t) => {
  const folder = temporaryFolder(t)
  const at = (day: number, more: Partial<Results> = {}) =>
    written(folder, `${day}.json`, { ...GOOD, startedAt: `2025-01-0${day}T00:00:00.000Z`, ...more })
  const files = [at(3, { isQuick: true }), at(2), at(1)]
  t.deepEqual(resultFiles(folder), [...files].reverse())
  const newest = (some: readonly string[], takesQuick: boolean) =>
    newestResults(some, takesQuick).get('echo')?.startedAt.slice(0, 10)
  t.is(newest(files, false), '2025-01-02')
  t.is(newest(files, true), '2025-01-02')
  t.is(newest(files.slice(0, 1), true), '2025-01-03')
  const code = 'ERR_CARILLON_BENCH_RESULTS'
  t.throws(() => newest(files.slice(0, 1), false), { code, message: /but of quick runs/ })
  t.throws(() => newest([], true), { code })
  t.throws(() => resultFiles(join(folder, 'absent')), { code, message: /absent: no such file/ })
})
