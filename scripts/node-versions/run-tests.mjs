import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { one, readClosingLine } from '../testing/tally.mjs'

/**
 * Runs scripts/test.mjs of a checkout on the Node of `executable`, and hands its output on.
 *
 * @returns {Promise<import('../testing/tally.mjs').Tally>} what its closing line said
 */
export async function runTests(executable, checkout, words) {
  const child = spawn(executable, ['scripts/test.mjs', ...words], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let last = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line
    console.log(line)
  })
  const [status] = await once(child, 'close')
  const tally = readClosingLine(last) ?? one(false)
  return status === 0 ? tally : { ...tally, failed: Math.max(tally.failed, 1) }
}
