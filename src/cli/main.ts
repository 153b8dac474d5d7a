#!/usr/bin/env node
import { Command } from 'commander'
import { errorCode } from '../errors.ts'
import { VERSION } from '../version.ts'
import { addEffectsCommand } from './effects-command.ts'
import { addProcessCommand } from './process-command.ts'
import { reportError } from './report-error.ts'
import { addServeCommand } from './serve-command.ts'

const program = new Command('carillon')
  .description('Messages between TCP clients and bare-metal cores')
  .version(VERSION)
  .exitOverride()
  // What is wrong with the arguments is reported as every other error is.
  .configureOutput({ outputError: () => {} })

// Loaded only where a job needs it: a client of another server has no use for native code.
const startLocalServer = async () => (await import('./local-server.ts')).startLocalServer()

addServeCommand(program)
addProcessCommand(program, { startLocalServer })
addEffectsCommand(program, { startLocalServer })

// Whoever reads standard output may have seen enough; the work is done all the same.
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') process.exitCode = reportError(error)
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportError(error)
}
