import type { Command } from 'commander'
import { DEFAULT_PORT } from '../../proto/messages.ts'
import type { ServerAddress } from '../client/connection.ts'
import type { CoreKind } from '../cores/core-kind.ts'
import { CORE_KINDS_TOLD, CORE_SYNTAX, parseCoreKind } from './core-option.ts'
import { UsageError } from './errors.ts'
import type { LocalServer, LocalServerOptions } from './local-server.ts'
import { parseServerOption, SERVER_SYNTAX } from './server-option.ts'

/** The options that say which server a command uses: one that is there, or what one of its own is to be. */
export interface ServerChoice {
  readonly server?: ServerAddress
  readonly core?: CoreKind
  readonly firmware?: string
}

/** Starts a server with one core for the length of a command. As `startLocalServer` of `local-server.ts`. */
export type StartLocalServer = (options: LocalServerOptions) => Promise<LocalServer>

/** Adds these options to a command. */
export function addServerChoice(command: Command): Command {
  return command
    .option(
      SERVER_SYNTAX,
      `the server to use, port ${DEFAULT_PORT} unless said (default: one of its own, with one core)`,
      parseServerOption,
    )
    .option(
      CORE_SYNTAX,
      `what the core of its own server is: ${CORE_KINDS_TOLD} (default: hosted)`,
      parseCoreKind,
    )
    .option('--firmware <IMAGE>', 'of that core (default: what was built here)')
}

/**
 * Starts the server of one's own that was asked for.
 *
 * @throws {UsageError} where another server was named as well.
 */
export function ownServer(
  { server, core, firmware }: ServerChoice,
  startLocalServer: StartLocalServer,
): (signal: AbortSignal) => Promise<LocalServer> {
  const own = { ...(core !== undefined && { core }), ...(firmware !== undefined && { firmware }) }
  const [given] = Object.keys(own)
  if (given !== undefined && server !== undefined) {
    throw new UsageError(`--${given} is of a server of its own: that of --server has its cores`)
  }
  return (signal) => startLocalServer({ ...own, signal })
}
