import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { toolEnvironment } from '../setup/run-tool.mjs'
import { foundNoTest, tallyOfAva } from './tally.mjs'

/**
 * Runs AVA, which prints its own report, and counts by what ava.config.js tells us of the run.
 *
 * @returns {Promise<{ tally: import('./tally.mjs').Tally, skipped: string[], isEmpty: boolean }>}
 *   and the titles of the tests that were skipped, and whether what was asked for is no test at all
 */
export async function runAva(root, args) {
  const ava = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', ...args], {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Keeps a Map a Map.
    serialization: 'advanced',
  })
  let stats
  const skipped = []
  ava.on('message', (message) => {
    if (message.stats) stats = message.stats
    if (message.skipped) skipped.push(message.skipped)
  })
  // Ctrl-C reaches AVA as well, which ends the tests and reports; we wait for that.
  const waitForAva = () => {}
  process.on('SIGINT', waitForAva)
  try {
    const [status] = await once(ava, 'close')
    return { tally: tallyOfAva(stats, status === 0), skipped, isEmpty: foundNoTest(stats) }
  } finally {
    process.off('SIGINT', waitForAva)
  }
}
