import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'
import { explain } from '../setup/setup-error.mjs'
import { closingLine, isSuccess, one, sum } from '../testing/tally.mjs'
import { copyCheckout } from './copy-checkout.mjs'
import { installRelease, releaseOf } from './releases.mjs'
import { runTests } from './run-tests.mjs'

/** Ignored by git, and kept from run to run. */
const cache = join(repository, '.cache')

const words = process.argv.slice(2)
const majors = words.filter((word) => /^\d+$/.test(word))
const chosen = words.filter((word) => !majors.includes(word))

if (majors.length === 0) {
  console.error('Say which versions of Node, for example: node scripts/node-versions.mjs 24 26')
  process.exitCode = 1
} else {
  const tallies = []
  for (const major of majors) tallies.push(await testOn(major))
  // Closes with all versions together, so that the last line tells of a failure on any.
  const total = sum(tallies)
  console.log(`\nNode ${majors.join(' and ')} together:\n${closingLine(total)}`)
  process.exitCode = tallies.every(isSuccess) ? 0 : 1
}

/** A checkout of its own for each version: what is built for one Node does not load in another. */
async function testOn(major) {
  try {
    const version = releaseOf(major)
    mkdirSync(cache, { recursive: true })
    const node = installRelease(cache, version)
    const checkout = join(cache, `checkout-node-${major}`)
    mkdirSync(checkout, { recursive: true })
    copyCheckout(repository, checkout)
    console.log(`\nNode ${version}:`)
    return await runTests(node, checkout, chosen.length > 0 ? chosen : ['test/end-to-end'])
  } catch (error) {
    console.error(explain(error))
    return one(false)
  }
}
