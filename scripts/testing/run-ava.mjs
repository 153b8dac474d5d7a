import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { toolEnvironment } from '../setup/run-tool.mjs'
import { endTree } from './end-tree.mjs'
import { foundNoTest, tallyOfAva } from './tally.mjs'

/**
 * AVA ends the tests that run when none has ended for a while (ava.config.js: `timeout`), but once
 * only: for what hangs after that it waits for ever. This ends the run then, with its counts.
 */
const SILENT_MS_MAX = 5 * 60_000

/**
 * Runs AVA, which prints its own report, and counts by what ava.config.js tells us of the run.
 *
 * @param {string} root the checkout
 * @param {string[]} args for AVA
 * @param {number} [silentMsMax] after how long without news of the run it is ended, in milliseconds
 * @returns {Promise<{ tally: import('./tally.mjs').Tally, skipped: string[], isEmpty: boolean }>}
 *   and the titles of the tests that were skipped, and whether what was asked for is no test at all
 */
export async function runAva(root, args, silentMsMax = SILENT_MS_MAX) {
  const ava = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', ...args], {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Keeps a Map a Map.
    serialization: 'advanced',
  })
  let stats
  const skipped = []
  const silence = setTimeout(() => {
    console.error(`Nothing was heard of the tests for ${silentMsMax} ms, so they were ended.`)
    endTree(ava.pid)
  }, silentMsMax)
  ava.on('message', (message) => {
    silence.refresh()
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
    clearTimeout(silence)
    process.off('SIGINT', waitForAva)
  }
}
