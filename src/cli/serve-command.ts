import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Logger, pino } from 'pino'
import { DEFAULT_PORT } from '../../proto/messages.ts'
import { formatAddress } from '../format-address.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import { LogSink } from './log-sink.ts'
import { onStopSignal } from './on-stop-signal.ts'

const DEFAULT_CONSOLE_PORT = 8080

interface ServeOptions {
  readonly core: string
  readonly cores: number
  readonly host: string
  readonly port: number
  readonly consolePort: number
  readonly console: boolean
}

/** Adds `carillon serve` to the program: the server, until a signal ends it. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('serve the cores over TCP, with a console for the browser')
    .addOption(
      new Option('--core <KIND>', 'what the cores are').choices(['hosted']).default('hosted'),
    )
    .option('--cores <N>', `how many, 1 to ${LIMITS.CORES_MAX}`, parseCount, 1)
    .option('--host <ADDRESS>', 'where to listen', '127.0.0.1')
    .option('--port <N>', 'for TCP clients; 0 picks a free one', parsePort, DEFAULT_PORT)
    .option(
      '--console-port <N>',
      'for the browser; 0 picks a free one',
      parsePort,
      DEFAULT_CONSOLE_PORT,
    )
    .option('--no-console', 'leave the console out')
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const logger = await createLogger()
  const ended = new Promise((resolve) => onStopSignal(resolve))
  // Loaded only here: the other commands have no use for native code.
  const { CarillonServer } = await import('../server/carillon-server.ts')
  const server = await CarillonServer.start({
    host: options.host,
    port: options.port,
    ...(options.console && { consolePort: options.consolePort }),
    cores: options.cores,
    logger,
  })
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
  const signal = await ended
  logger.info({ signal }, 'stopping')
  await server.stop()
  logger.info({ event: 'stopped' }, 'the server has stopped')
}

/** Readable on a terminal, JSON lines elsewhere. */
async function createLogger(): Promise<Logger> {
  if (!process.stdout.isTTY) return pino(new LogSink(process.stdout.fd))
  const { default: pretty } = await import('pino-pretty')
  // What the sentence says already is left out.
  const ignore =
    'pid,hostname,event,host,port,consolePort,core,region,signal,client,address,clientName,code'
  return pino(pretty({ sync: true, ignore, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' }))
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('a port is a number from 0 to 65535')
}

function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= LIMITS.CORES_MAX) return count
  throw new InvalidArgumentError(`there are 1 to ${LIMITS.CORES_MAX} cores`)
}
