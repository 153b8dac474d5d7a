import test from 'ava'
import { stage } from './stage.ts'

/** What a stage tells, in order; `…` before what the next line takes the place of. */
function recorder() {
  const told: string[] = []
  return {
    told,
    tell: (text: string) => void told.push(text.replace(/\d+\.\d s$/, 'N s')),
    progress: (text: string) => void told.push(`… ${text}`),
  }
}

test('a stage tells when it begins, how it goes, and what it did with its time', async (t) => {
  const run = recorder()
  const result = await stage(run, 'filling', 60_000, async (report) => {
    report('half')
    report('all')
    return 7
  })
  t.is(result, 7)
  t.deepEqual(run.told, [
    ...['filling: begins, and has N s', '… filling: half', '… filling: all'],
    'filling: all, in N s',
  ])
})

test('a stage that is late ends with how far it was, and its work is told so', async (t) => {
  const run = recorder()
  let late: AbortSignal | undefined
  const endless = stage(run, 'filling', 1, async (report, signal) => {
    late = signal
    report('half')
    await new Promise(() => {})
  })
  await t.throwsAsync(endless, {
    message: /^filling, after 0\.\d s of at most 0\.0 s: its time is over; it reported last: half$/,
  })
  t.true(late?.aborted)
})

test('what is wrong in a stage comes with its name, and with the error itself', async (t) => {
  const cause = new Error('oops')
  const failing = stage(recorder(), 'filling', 60_000, () => Promise.reject(cause))
  const error = await t.throwsAsync(failing, {
    message: /^filling, after .*: oops; it reported last: nothing$/,
  })
  t.is(error?.cause, cause)
})
