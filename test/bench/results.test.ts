import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readResults, writeResults } from '../../bench/results.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { resultsOf, seriesOf } from './results-of.ts'

test('what was written is read again', (t) => {
  const file = join(temporaryFolder(t), 'new/folder/echo.json')
  const results = resultsOf([seriesOf('carillon', 'messagesPerS', [1, 2, 3])])
  writeResults(file, results)
  t.deepEqual(readResults(file), results)
})

test('any other file is refused', (t) => {
  const folder = temporaryFolder(t)
  const good = resultsOf([seriesOf('carillon', 'messagesPerS', [1])])
  const withoutRounds = resultsOf([seriesOf('carillon', 'messagesPerS', [])])
  for (const text of [
    ...['', '{', 'null', '[]', '"echo"', '{}'],
    ...[{ ...good, format: 2 }, { ...good, series: [null] }, withoutRounds].map((value) =>
      JSON.stringify(value),
    ),
  ]) {
    const file = join(folder, 'results.json')
    writeFileSync(file, text)
    t.throws(() => readResults(file), { code: 'ERR_CARILLON_BENCH_RESULTS' }, text)
  }
  t.throws(() => readResults(join(folder, 'absent.json')), {
    code: 'ERR_CARILLON_BENCH_RESULTS',
    message: /absent\.json: no such file or directory/,
  })
})
