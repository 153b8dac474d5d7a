import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { REPOSITORY } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const run = promisify(execFile)

interface Result {
  tally: { passed: number; failed: number; skipped: number }
  skipped: string[]
  isEmpty: boolean
}

const PASSING = "test('passes', (t) => t.pass())"

/** What runAva makes of a real run of AVA over one test file for each of these bodies. */
async function runAva(t: ExecutionContext, bodies: string[], ...args: string[]) {
  return await runAvaFor(t, undefined, bodies, ...args)
}

async function runAvaFor(
  t: ExecutionContext,
  silentMsMax: number | undefined,
  bodies: string[],
  ...args: string[]
) {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'dist/test'), { recursive: true })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
  cpSync(join(REPOSITORY, 'ava.config.js'), join(root, 'ava.config.js'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  for (const [index, body] of bodies.entries()) {
    writeFileSync(join(root, `dist/test/${index}.test.js`), `import test from 'ava'\n${body}\n`)
  }
  const program = `
    import { runAva } from ${JSON.stringify(join(REPOSITORY, 'scripts/testing/run-ava.mjs'))}
    const result = await runAva(${JSON.stringify(root)}, ${JSON.stringify(args)}, ${silentMsMax})
    console.log('\\n' + JSON.stringify(result))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  const { tally, skipped, isEmpty } = JSON.parse(
    stdout.trimEnd().split('\n').at(-1) ?? '',
  ) as Result
  return { report: stdout, tally, skipped, isEmpty }
}

test('tests that pass, fail and are skipped are counted, and the failure is shown', async (t) => {
  const { report, tally, skipped } = await runAva(t, [
    `${PASSING}
    test('fails', (t) => t.is('bells', 'whistles'))
    test.skip('is skipped', (t) => t.pass())
    test.todo('is yet to come')`,
  ])
  t.deepEqual(tally, { passed: 1, failed: 1, skipped: 2 })
  t.deepEqual(skipped, ['is skipped'])
  t.regex(report, /whistles/)
})

test('files that exit, are killed, fail in a hook or do not load have a failure each', async (t) => {
  const { tally } = await runAva(t, [
    "test('exits', () => process.exit(0))",
    "test('dies', () => new Promise(() => process.kill(process.pid, 'SIGKILL')))",
    `test.after(() => { throw new Error('no') })\n${PASSING}`,
    'syntax error',
  ])
  t.deepEqual(tally, { passed: 1, failed: 4, skipped: 0 })
})

test('an exception that no test waits for is a failure', async (t) => {
  const throws =
    "test('throws', () => new Promise(() => setImmediate(() => { throw new Error() })))"
  t.true((await runAva(t, [PASSING, throws])).tally.failed >= 1)
})

test('a test that never ends is a failure', async (t) => {
  const hangs = "test('hangs', () => new Promise(() => setInterval(() => {}, 1e6)))"
  t.is((await runAva(t, [hangs], '--timeout=1s')).tally.failed, 1)
})

test('a run that says nothing more is ended, with all that it has started', async (t) => {
  const file = join(temporaryFolder(t), 'pid')
  const hangs = `
    import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    test('hangs', () => new Promise(() => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
      writeFileSync(${JSON.stringify(file)}, String(child.pid))
    }))`
  // On a busy machine it may take longer until there is something that hangs.
  for (let silentMsMax = 5000; !existsSync(file); silentMsMax *= 2) {
    const { tally } = await runAvaFor(t, silentMsMax, [hangs])
    t.true(tally.failed >= 1)
  }
  t.is(commandLine(readFileSync(file, 'utf8')), '')
})

/** Of a process that has ended it is empty, also while nobody has asked how it ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

test('a file without a test is a failure', async (t) => {
  t.deepEqual((await runAva(t, [PASSING, ''])).tally, { passed: 1, failed: 1, skipped: 0 })
})

test('a title that no test has is a failure, which is told from others', async (t) => {
  const { tally, isEmpty } = await runAva(t, [PASSING], '--match=*absent*')
  t.deepEqual([tally, isEmpty], [{ passed: 0, failed: 1, skipped: 0 }, true])
  t.false((await runAva(t, [PASSING])).isEmpty)
  t.false((await runAva(t, ['syntax error'])).isEmpty)
})

test('finding no test is a failure', async (t) => {
  const { tally } = await runAva(t, [PASSING], 'dist/absent')
  t.deepEqual(tally, { passed: 0, failed: 1, skipped: 0 })
})
