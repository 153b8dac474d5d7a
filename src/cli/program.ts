// The command `carillon`: what is asked for is loaded and run as this module is.
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { addEffectsCommand } from './effects-command.ts'
import { addFirmwareCommand } from './firmware-command.ts'
import { addLayoutCommand } from './layout-command.ts'
import type { StartLocalServer } from './own-server.ts'
import { addProcessCommand } from './process-command.ts'
import { reportError } from './report-error.ts'
import { addRingsCommand } from './rings-command.ts'
import { addServeCommand } from './serve-command.ts'
import { print } from './standard-output.ts'

const program = new Command('carillon')
  .description('Messages between TCP clients and bare-metal cores')
  .version(VERSION)
  .exitOverride()
  // What is wrong with the arguments is reported as every other error is.
  .configureOutput({ outputError: () => {}, writeOut: print })

// Loaded only where a job needs it: a client of another server has no use for native code.
const startLocalServer: StartLocalServer = async (options) =>
  (await import('./local-server.ts')).startLocalServer(options)

addServeCommand(program)
addProcessCommand(program, startLocalServer)
addEffectsCommand(program, startLocalServer)
addLayoutCommand(program)
addFirmwareCommand(program)
addRingsCommand(program)

// What cannot be said on standard error can be said nowhere: the exit code says the rest.
process.stderr.on('error', () => {})

program.parseAsync().catch((error) => {
  const code = reportError(error)
  // What could not be printed may have failed before.
  if (code !== 0) process.exitCode = code
})
