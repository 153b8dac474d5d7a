import { join } from 'node:path'
import test from 'ava'
import { REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, readResults } from '../../../bench/results.ts'
import { CELLS, START } from '../../../bench/virt/cells.ts'
import { BARE_NODE, hasVirt, KINDS, VIRT_MISSING } from '../../../bench/virt/contenders.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'

test('a quick run measures every kind of core in every cell', async (t) => {
  t.timeout(5 * 60_000)
  const file = join(temporaryFolder(t), 'virt.json')
  const { code, stdout, stderr } = await runProgram(
    ...([t, process.execPath, join(REPOSITORY, 'dist/bench/main.js')] as const),
    ...['virt', '--quick', '--rounds', '1', '--out', file],
  )
  const withVirt = hasVirt()
  t.deepEqual([code, stderr], [0, withVirt ? '' : `bench: note: ${VIRT_MISSING}\n`])
  const results = readResults(file)
  t.true(results.isQuick)
  t.deepEqual(
    results.series.map(({ cell, contender }) => `${cell} ${contender}`),
    CELLS.flatMap(({ name }) => [
      ...KINDS.filter((kind) => kind !== 'virt' || withVirt).map((kind) => `${name} ${kind}`),
      ...(name === START ? [`${name} ${BARE_NODE}`] : []),
    ]),
  )
  for (const series of results.series) {
    const { metric = '' } = CELLS.find(({ name }) => name === series.cell) ?? {}
    const [figure = 0, ...more] = figuresOf(series, metric)
    t.true(figure > 0 && more.length === 0, `${series.cell} ${series.contender} ${figure}`)
  }
  for (const { title } of CELLS) t.true(stdout.includes(title), title)
  t.regex(stdout, /^This was a quick run: .* The figures mean nothing\.\n/)
})
