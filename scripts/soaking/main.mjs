import { constants } from 'node:os'
import { repository } from '../repository.mjs'
import { setUp } from '../setup/set-up.mjs'
import { explain, SetupError } from '../setup/setup-error.mjs'
import { ProgressLine } from './progress-line.mjs'
import { runSoak } from './run-soak.mjs'
import { findSoaks, readArguments } from './soaks.mjs'

/** A soak that cannot do with so many takes fewer. */
const CLIENTS = 200

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

async function main(words) {
  const { name, minutes, board, ...said } = readArguments(words)
  setUp(repository, { without: ['c-header', 'board-files'] })
  const soaks = await findSoaks(repository)
  if (name === undefined) {
    for (const [name, { summary }] of soaks) console.log(`${name}  ${summary}`)
    return 0
  }
  const chosen = soaks.get(name)
  if (chosen === undefined) {
    throw new SetupError(`There is no soak "${name}"; there are ${[...soaks.keys()].join(', ')}`)
  }
  const messages = said.messages ?? chosen.usualMessages
  const length = chosen.usualMessages
    ? `${messages} messages each way`
    : `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
  console.log(`${name}, ${length}: ${chosen.summary}`)
  const progress = new ProgressLine(process.stdout)
  const size = { durationMs: minutes * 60_000, clients: CLIENTS, messages, board }
  const { error, signal } = await runSoak(chosen, size, {
    progress: (text) => progress.update(text),
    tell: (text) => progress.keep(text),
  })
  progress.end()
  if (error !== undefined) console.error(error)
  if (signal === undefined)
    console.log(`${name}: ${error === undefined ? 'all is well' : 'failed'}`)
  // What was interrupted or was late knows nothing of it and would go on.
  if (signal !== undefined) process.exit(128 + constants.signals[signal])
  if (error !== undefined) process.exit(1)
  return 0
}
