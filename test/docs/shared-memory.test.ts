import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { compilePrograms, programsOf, readPage, runProgram } from './page-programs.ts'

for (const [page, count] of [
  ['shared-memory.md', 5],
  ['queues.md', 1],
] as const) {
  test(`every program of ${page} compiles, and prints what the page says`, async (t) => {
    const programs = programsOf(readPage(page))
    t.is(programs.length, count)
    const folder = await compilePrograms(t, programs)
    if (page === 'shared-memory.md') await compileInC(folder, readPage(page))
    for (const [at, { prints }] of programs.entries()) {
      await runProgram(t, folder, at, prints)
    }
  })
}

/** The page's program in C, with the page's command. */
async function compileInC(folder: string, page: string): Promise<void> {
  const [, program = ''] = /^```c\n(.*?)^```/ms.exec(page) ?? []
  const [, command = ''] = /^```sh\n(.*?)^```/ms.exec(page) ?? []
  writeFileSync(join(folder, 'consumer.c'), program)
  await promisify(execFile)('sh', ['-e', '-c', command], { cwd: folder })
}
