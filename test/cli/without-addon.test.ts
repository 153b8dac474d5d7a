import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { MAIN } from '../support/carillon-command.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeRecording } from '../support/wav-files.ts'

/** Over Node's own sockets, where neither eventfds nor a reactor are to be had. */
async function passesThrough(t: ExecutionContext, core: string): Promise<void> {
  const folder = temporaryFolder(t)
  const input = writeRecording(folder)
  const output = join(folder, 'out.wav')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [MAIN, 'process', input, output, '--core', core],
    { env: { ...process.env, CARILLON_ADDON: join(folder, 'missing.node') } },
  )
  t.regex(stdout, /, 0 blocks lost\n$/)
  t.true(readFileSync(output).equals(readFileSync(input)))
}

test('hosted: a recording comes back where the addon does not load', (t) => {
  return passesThrough(t, 'hosted')
})

for (const board of BOARDS) {
  boardTest(board)('a recording comes back where the addon does not load', (t) => {
    return passesThrough(t, board.kind)
  })
}
