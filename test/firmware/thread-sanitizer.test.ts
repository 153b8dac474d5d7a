import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const firmware = join(REPOSITORY, 'firmware')
const run = promisify(execFile)

const MINUTES = 60_000

/** With which the sanitizer ends a program in which it has found something. */
const FOUND = 66

/** The rings between threads, built with the sanitizer. `flags` are the preprocessor's. */
async function build(t: ExecutionContext, flags = ''): Promise<string> {
  t.timeout(5 * MINUTES)
  const folder = temporaryFolder(t)
  const program = join(folder, 'test/ring_threads_test')
  const settings = ['SANITIZE=thread', `BUILD=${folder}`, 'CFLAGS=-O1 -g', `CPPFLAGS=${flags}`]
  await run('make', ['-j2', '-C', firmware, ...settings, program])
  return program
}

interface Outcome {
  readonly code: number
  readonly report: string
}

async function outcomeOf(program: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, TSAN_OPTIONS: `exitcode=${FOUND}` }
  try {
    const { stderr } = await run(program, args, { env, maxBuffer: 1 << 24 })
    return { code: 0, report: stderr }
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }
    return { code, report: stderr }
  }
}

/**
 * The sanitizer wants certain addresses for itself. Where the kernel scatters memory over more of them
 * than its authors knew of, it says so and ends; then the program runs without that.
 */
async function runSanitized(program: string): Promise<Outcome> {
  const outcome = await outcomeOf(program)
  if (!outcome.report.includes('unexpected memory mapping')) return outcome
  return outcomeOf('setarch', '-R', program)
}

test('the rings between threads are clean under the thread sanitizer', async (t) => {
  const program = await build(t)
  t.true(readFileSync(program).includes('__tsan_'), 'it is there')
  t.deepEqual(await runSanitized(program), { code: 0, report: '' })
})

/** The order that is left out, and where that is then seen. */
const FAULTS: Record<string, { flags: string; in: RegExp }> = {
  'release on positions': {
    flags: '-U__ATOMIC_RELEASE -D__ATOMIC_RELEASE=__ATOMIC_RELAXED',
    in: /data race core\/spsc_ring\.c:\d+ in ring_/,
  },
  'acquire on positions and marks': {
    flags: '-U__ATOMIC_ACQUIRE -D__ATOMIC_ACQUIRE=__ATOMIC_RELAXED',
    in: /data race core\/spsc_ring\.c:\d+ in ring_/,
  },
  'release on the exchange of marks': {
    flags: '-U__ATOMIC_ACQ_REL -D__ATOMIC_ACQ_REL=__ATOMIC_ACQUIRE',
    in: /data race .* in (mpsc_|load_relaxed|check)/,
  },
}

for (const [order, fault] of Object.entries(FAULTS)) {
  test(`without ${order} the thread sanitizer reports a race`, async (t) => {
    const { code, report } = await runSanitized(await build(t, fault.flags))
    t.is(code, FOUND)
    t.regex(report, fault.in)
  })
}
