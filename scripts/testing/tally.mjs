/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** One check that is not a test of AVA's. */
export const one = (passed) => ({ passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 })

/**
 * What a run of AVA comes to.
 *
 * @param {object | undefined} stats the last counts that AVA reported; `undefined` where it died before
 * @param {boolean} succeeded whether AVA itself exited with 0
 * @returns {Tally}
 */
export function tallyOfAva(stats, succeeded) {
  if (stats === undefined) return one(false)
  const emptyFiles = [...stats.byFile.values()].filter((file) => file.declaredTests === 0).length
  // Tests that a crash, an exit or a timeout kept from ending remain; they have not passed.
  const failedTests = stats.failedTests + stats.failedHooks + stats.remainingTests
  const failedOutsideTests =
    stats.uncaughtExceptions +
    stats.unhandledRejections +
    stats.internalErrors +
    stats.sharedWorkerErrors
  return {
    passed: stats.passedTests + stats.passedKnownFailingTests,
    // What AVA finds wrong without counting it is a failure, and so is a file without tests, which
    // AVA forgives.
    failed: Math.max(failedTests + failedOutsideTests, succeeded ? emptyFiles : 1),
    skipped: stats.skippedTests + stats.todoTests,
  }
}

/**
 * Whether the test files are well, and no test in them is one that was asked for. Where no file is,
 * AVA does not come to counting, and says so itself.
 *
 * @param {object | undefined} stats as for `tallyOfAva`
 */
export function foundNoTest(stats) {
  return (
    stats !== undefined &&
    stats.selectedTests === 0 &&
    stats.failedWorkers + stats.uncaughtExceptions + stats.internalErrors === 0
  )
}

/** @param {Tally[]} tallies */
export function sum(tallies) {
  const total = (count) => tallies.reduce((result, tally) => result + tally[count], 0)
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') }
}

/** @param {Tally} tally */
export const isSuccess = ({ passed, failed }) => failed === 0 && passed > 0

/** The line that every run ends with, alone on its line. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Reads a closing line back; `undefined` where the line is none. */
export function readClosingLine(line) {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  if (match === null) return undefined
  const [passed, failed, skipped = 0] = match.slice(1).map((digits) => Number(digits ?? 0))
  return { passed, failed, skipped }
}
