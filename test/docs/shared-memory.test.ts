import test from 'ava'
import { compilePrograms, programsOf, readPage, runProgram } from './page-programs.ts'

for (const [page, count] of [
  ['shared-memory.md', 4],
  ['queues.md', 1],
] as const) {
  test(`every program of ${page} compiles, and prints what the page says`, async (t) => {
    const programs = programsOf(readPage(page))
    t.is(programs.length, count)
    const folder = await compilePrograms(t, programs)
    for (const [at, { prints }] of programs.entries()) {
      await runProgram(t, folder, at, prints)
    }
  })
}
