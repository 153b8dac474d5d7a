import { type Command, Option } from 'commander'
import type { Logger } from 'pino'
import { DEFAULT_PORT } from '../../proto/messages.ts'
import { type CoreKind, isBoardKind } from '../cores/core-kind.ts'
import { CarillonError, errorCode } from '../errors.ts'
import { formatAddress } from '../format-address.ts'
import { ListenError } from '../reactor/errors.ts'
import { HIGHEST_BUSY_POLL_US } from '../reactor/limits.ts'
import type { CarillonServer } from '../server/carillon-server.ts'
import { DEFAULT_MAX_CLIENTS, HIGHEST_MAX_CLIENTS } from '../server/limits.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import { CORE_KINDS_TOLD, CORE_SYNTAX, parseCoreKind } from './core-option.ts'
import { InterruptedError, UsageError } from './errors.ts'
import { onStopSignal } from './on-stop-signal.ts'
import { parseChoice, parseInteger } from './option-values.ts'
import { RELOAD_SIGNAL, Reloads } from './reloads.ts'
import { createServeLogger } from './serve-logger.ts'

const DEFAULT_CONSOLE_PORT = 8080
const HIGHEST_PORT = 65_535
const TRANSPORTS = ['epoll', 'net'] as const

interface ServeOptions {
  readonly core: CoreKind
  readonly cores: number
  readonly firmware?: string
  readonly host: string
  readonly port: number
  readonly consolePort: number
  readonly console: boolean
  readonly maxClients: number
  readonly transport?: (typeof TRANSPORTS)[number]
  readonly busyPollUs: number
  readonly corePolls?: true
  readonly user?: string
}

/** Adds `carillon serve` to the program: the server, until a signal ends it. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('serve the cores over TCP, with a console for the browser')
    .option(CORE_SYNTAX, `what the cores are: ${CORE_KINDS_TOLD}`, parseCoreKind, 'hosted')
    .option(
      '--cores <N>',
      `how many, 1 to ${LIMITS.CORES_MAX}`,
      parseInteger('--cores', 1, LIMITS.CORES_MAX),
      1,
    )
    .option('--firmware <IMAGE>', 'of the cores (default: what was built here)')
    .option('--host <ADDRESS>', 'where to listen', '127.0.0.1')
    .option(
      '--port <N>',
      'for TCP clients; 0 picks a free one',
      parseInteger('--port', 0, HIGHEST_PORT),
      DEFAULT_PORT,
    )
    .option(
      '--max-clients <N>',
      `most TCP clients at a time, 1 to ${HIGHEST_MAX_CLIENTS}; one more is refused`,
      parseInteger('--max-clients', 1, HIGHEST_MAX_CLIENTS),
      DEFAULT_MAX_CLIENTS,
    )
    .option(
      '--console-port <N>',
      'for the browser; 0 picks a free one',
      parseInteger('--console-port', 0, HIGHEST_PORT),
      DEFAULT_CONSOLE_PORT,
    )
    .option('--no-console', 'leave the console out')
    .addOption(
      new Option(
        '--transport <NAME>',
        "what carries TCP: epoll where there is one, else Node's net",
      )
        .choices(TRANSPORTS)
        .argParser(parseChoice('--transport', TRANSPORTS)),
    )
    .option(
      '--busy-poll-us <N>',
      'ask for events that long after each, 0 to 1000 us, before sleeping: sooner, for CPU',
      parseInteger('--busy-poll-us', 0, HIGHEST_BUSY_POLL_US),
      0,
    )
    .option(
      '--user <USER>',
      'name or number: whom a server of a board becomes once it has mapped its memory (default: nobody)',
    )
    .option('--core-polls', 'hosted cores look for work all the time: sooner, for a CPU each')
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  if (options.user !== undefined && !isBoardKind(options.core)) {
    throw new UsageError(
      `--user is of a server of a board, which has to begin as root; --core ${options.core} does not`,
    )
  }
  const logger = createServeLogger()
  const asked = new AbortController()
  const ended = new Promise<void>((resolve) => {
    onStopSignal((signal) => {
      logger.info({ signal }, 'stopping')
      asked.abort(new InterruptedError(signal))
      resolve()
    })
  })
  const reloads = new Reloads(logger)
  process.on(RELOAD_SIGNAL, () => reloads.ask())
  // Loaded only here: the other commands have no use for native code.
  const { CarillonServer } = await import('../server/carillon-server.ts')
  const server = await CarillonServer.start({
    host: options.host,
    port: options.port,
    ...(options.console && { consolePort: options.consolePort }),
    core: options.core,
    cores: options.cores,
    ...(options.firmware !== undefined && { firmware: options.firmware }),
    maxClients: options.maxClients,
    ...(options.transport !== undefined && { transport: options.transport }),
    busyPollUs: options.busyPollUs,
    corePolls: options.corePolls ?? false,
    ...(options.user !== undefined && { user: options.user }),
    signal: asked.signal,
    logger,
  }).catch((error) => {
    // A server that is asked to end before it is ready has done all that it was asked for.
    if (error === asked.signal.reason) return undefined
    throw explainListening(error, options)
  })
  if (server !== undefined) await serveUntil(ended, server, options, reloads, logger)
  logger.info({ event: 'stopped' }, 'the server has stopped')
}

async function serveUntil(
  ended: Promise<void>,
  server: CarillonServer,
  options: ServeOptions,
  reloads: Reloads,
  logger: Logger,
): Promise<void> {
  const { host, port, consolePort, regionPath } = server
  const cores = `${options.cores} ${options.core} ${options.cores === 1 ? 'core' : 'cores'}`
  // A line of its own, so that a narrow terminal does not break the address.
  if (consolePort !== undefined) {
    logger.info(`console at http://${formatAddress({ host, port: consolePort })}/`)
  }
  logger.info(
    { event: 'ready', host, port, consolePort, core: options.core, region: regionPath },
    `ready: ${cores}, TCP on ${formatAddress({ host, port })}`,
  )
  reloads.begin(server)
  await ended
  await server.stop()
}

/** A port in use is an error that says what to do about it. */
function explainListening(error: unknown, { port, console, consolePort }: ServeOptions): unknown {
  if (!(error instanceof ListenError) || errorCode(error.cause) !== 'EADDRINUSE') return error
  const remedies = [
    ...(error.address.port === port ? ['--port 0 picks a free one'] : []),
    ...(console && error.address.port === consolePort
      ? ['--console-port 0 picks a free one, --no-console does without']
      : []),
  ]
  if (remedies.length === 0) return error
  const message = `${error.message} (${remedies.join('; ')})`
  return new CarillonError('ERR_CARILLON_LISTEN', message, { cause: error })
}
