import { deepEqual } from 'node:assert/strict'
import { guestCommand, type Machine } from '../support/linux-machine.ts'

/**
 * Runs a program of test/machine/guest that says how it goes, in lines of `{ event, text }`.
 *
 * @param report told the text of each `progress`.
 * @param last the event that it ends with.
 * @throws where it fails, with what it says, or ends without that event.
 */
export async function runProgram(
  machine: Machine,
  [program, ...args]: readonly [string, ...string[]],
  last: string,
  report: (text: string) => void,
): Promise<void> {
  let hasEnded = false
  const hear = (line: string) => {
    if (!line.startsWith('{"event":')) return
    const { event, text } = JSON.parse(line) as { event: string; text: string }
    if (event === 'progress') report(text)
    hasEnded ||= event === last
  }
  machine.on('line', hear)
  // What is written to the log is told at once.
  const result = await machine.run(`${guestCommand(program, ...args)} >/run/log`)
  machine.off('line', hear)
  deepEqual([result, hasEnded], [{ status: 0, output: '' }, true], `${program} ${args.join(' ')}`)
}
