// `npm run bench [-- SUITE [OPTIONS]]`: how fast this project is, beside others.
import { Command } from 'commander'
import { UsageError } from '../src/cli/errors.ts'
import { reportError } from '../src/cli/report-error.ts'
import { BOARD_SUITE } from './board/board-suite.ts'
import { BRIDGE_SUITE } from './bridge/bridge-suite.ts'
import { addCompareCommand } from './compare-command.ts'
import { ECHO_SUITE } from './echo/echo-suite.ts'
import { addReportCommand } from './report-command.ts'
import { RINGS_SUITE } from './rings/rings-suite.ts'
import { SCALE_SUITE } from './scale/scale-suite.ts'
import { addAllCommand, addSuiteCommand } from './suite-command.ts'
import { VIRT_SUITE } from './virt/virt-suite.ts'
import { ZERO_COPY_SUITE } from './zero-copy/zero-copy-suite.ts'

/** In the order in which `all` measures them. */
const SUITES = [
  ...[ECHO_SUITE, RINGS_SUITE, VIRT_SUITE, BOARD_SUITE],
  ...[BRIDGE_SUITE, SCALE_SUITE, ZERO_COPY_SUITE],
]

const program = new Command('npm run bench --')
  .description('Measures this project beside others. One suite at a time:')
  .helpCommand(false)
  .exitOverride()
  // What is wrong with the arguments is reported as every other error is.
  .configureOutput({ outputError: () => {} })

for (const suite of SUITES) addSuiteCommand(program, suite)
addAllCommand(program, SUITES)
addCompareCommand(program)
addReportCommand(program)

const names = program.commands.map((command) => command.name())
program.on('command:*', ([name]: [string]) => {
  throw new UsageError(`there is no suite "${name}": there are ${names.join(', ')}`)
})

try {
  if (process.argv.length > 2) await program.parseAsync()
  else process.stdout.write(program.helpInformation())
} catch (error) {
  process.exitCode = reportError(error)
}
