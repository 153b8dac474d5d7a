import test from 'ava'
import { importScript } from '../../support/repository.ts'

interface Tally {
  passed: number
  failed: number
  skipped: number
}

const { closingLine, isSuccess, readClosingLine, sum, tallyOfAva } = await importScript<{
  closingLine(tally: Tally): string
  isSuccess(tally: Tally): boolean
  readClosingLine(line: string): Tally | undefined
  sum(tallies: Tally[]): Tally
  tallyOfAva(stats: unknown, succeeded: boolean): Tally
}>('testing/tally.mjs')

/** What AVA 7 reports of a run in which one file declared its tests. */
const stats = (counts: Record<string, number>) => ({
  byFile: new Map([['a.test.js', { declaredTests: 1 }]]),
  failedHooks: 0,
  failedTests: 0,
  internalErrors: 0,
  passedKnownFailingTests: 0,
  passedTests: 0,
  remainingTests: 0,
  sharedWorkerErrors: 0,
  skippedTests: 0,
  todoTests: 0,
  uncaughtExceptions: 0,
  unhandledRejections: 0,
  ...counts,
})

test('skipped tests are named only where there are any', (t) => {
  t.is(closingLine({ passed: 7, failed: 0, skipped: 0 }), '7 passed, 0 failed')
  t.is(closingLine({ passed: 7, failed: 1, skipped: 2 }), '7 passed, 1 failed, 2 skipped')
})

test('a closing line can be read back', (t) => {
  for (const tally of [
    { passed: 7, failed: 0, skipped: 0 },
    { passed: 12, failed: 3, skipped: 40 },
  ]) {
    t.deepEqual(readClosingLine(closingLine(tally)), tally)
  }
  t.is(readClosingLine('ava: 7 passed, 0 failed'), undefined)
  t.is(readClosingLine(''), undefined)
})

test('success is no failure and at least one test', (t) => {
  t.true(isSuccess({ passed: 1, failed: 0, skipped: 5 }))
  t.false(isSuccess({ passed: 0, failed: 0, skipped: 5 }))
  t.false(isSuccess({ passed: 9, failed: 1, skipped: 0 }))
})

test('tallies add up', (t) => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  t.deepEqual(sum([one, one]), { passed: 2, failed: 4, skipped: 6 })
  t.deepEqual(sum([]), { passed: 0, failed: 0, skipped: 0 })
})

test('passed, failed and skipped tests are counted as AVA does', (t) => {
  const counts = { passedTests: 4, passedKnownFailingTests: 1, failedTests: 2, skippedTests: 3 }
  t.deepEqual(tallyOfAva(stats({ ...counts, todoTests: 1 }), false), {
    passed: 5,
    failed: 2,
    skipped: 4,
  })
})

for (const trouble of [
  'failedHooks',
  'remainingTests',
  'uncaughtExceptions',
  'unhandledRejections',
  'internalErrors',
  'sharedWorkerErrors',
]) {
  test(`${trouble} are failures`, (t) => {
    t.is(tallyOfAva(stats({ passedTests: 4, [trouble]: 2 }), false).failed, 2)
  })
}

test('AVA that fails without counting a failure has one', (t) => {
  t.deepEqual(tallyOfAva(stats({ passedTests: 4 }), false), { passed: 4, failed: 1, skipped: 0 })
})

test('AVA that dies before it counts anything has one failure', (t) => {
  t.deepEqual(tallyOfAva(undefined, false), { passed: 0, failed: 1, skipped: 0 })
  t.deepEqual(tallyOfAva(undefined, true), { passed: 0, failed: 1, skipped: 0 })
})

test('a test file without a test is a failure, even where AVA is content', (t) => {
  const byFile = new Map([
    ['a.test.js', { declaredTests: 1 }],
    ['empty.test.js', { declaredTests: 0 }],
  ])
  t.is(tallyOfAva({ ...stats({ passedTests: 4 }), byFile }, true).failed, 1)
})
