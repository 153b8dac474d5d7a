import { repository } from '../repository.mjs'
import { setUp } from '../setup/set-up.mjs'
import { explain } from '../setup/setup-error.mjs'
import { avaArguments } from './ava-arguments.mjs'
import { boardFilesMatch, headerMatchesLayout, lint } from './checks.mjs'
import { inCi } from './in-ci.mjs'
import { runAva } from './run-ava.mjs'
import { closingLine, isSuccess, one, sum } from './tally.mjs'

const tally = await test(process.argv.slice(2))
console.log(closingLine(tally))
process.exitCode = isSuccess(tally) ? 0 : 1

/** Everything; with words that choose tests, all but the lint. */
async function test(words) {
  try {
    // A test run never writes a committed file: where one is out of date, it says so.
    setUp(repository, { without: ['c-header', 'board-files'] })
  } catch (error) {
    console.error(explain(error))
    return one(false)
  }
  const tallies = []
  if (words.length === 0) tallies.push(one(lint(repository, inCi())))
  tallies.push(one(headerMatchesLayout(repository)), one(boardFilesMatch(repository)))
  const { tally, skipped, isEmpty } = await runAva(repository, avaArguments(repository, words))
  if (skipped.length > 0) console.log(['Skipped:', ...skipped].join('\n  - '))
  if (isEmpty) console.log(`No test matches ${words.join(' ')}`)
  return sum([...tallies, tally])
}
