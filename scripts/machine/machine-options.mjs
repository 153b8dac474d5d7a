import { parseArgs } from 'node:util'
import { MachineError } from './machine-error.mjs'

const SYNTAX =
  'npm run machine -- BOARD [--port N] [--console-port N] [--no-console] [--log] [-- ARGUMENTS OF carillon serve]'

const DEFAULT_PORT = 5555
const DEFAULT_CONSOLE_PORT = 8080
const HIGHEST_PORT = 65_535

/** What the server in the machine is started with, as the machine's ports and board want it. */
const THE_MACHINES = ['--core', '--host', '--port', '--console-port', '--no-console']

/**
 * What is written after `npm run machine --`.
 *
 * @param {string[]} words
 * @returns {{ board: string | undefined, port: number, consolePort: number | undefined, log: boolean,
 *   serve: string[] }} `consolePort` is undefined without a console
 * @throws {MachineError} `ERR_CARILLON_MACHINE_USAGE`
 */
export function machineOptions(words) {
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  const serve = end === -1 ? [] : words.slice(end + 1)
  const { values, positionals } = parse(own)
  if (positionals.length > 1) throw usage('one board at a time')
  const port = portOf('--port', values.port, DEFAULT_PORT)
  const consolePort = values['no-console']
    ? undefined
    : portOf('--console-port', values['console-port'], DEFAULT_CONSOLE_PORT)
  const taken = serve.find((word) => THE_MACHINES.includes(word.replace(/=.*/s, '')))
  if (taken !== undefined) {
    throw usage(
      `${taken} of the server is the machine's to say; its own options stand before the --`,
    )
  }
  if (port !== 0 && port === consolePort) throw usage(`--port and --console-port are both ${port}`)
  return { board: positionals[0], port, consolePort, log: values.log, serve }
}

function parse(words) {
  const text = { type: 'string' }
  const flag = { type: 'boolean', default: false }
  try {
    return parseArgs({
      args: words,
      options: { port: text, 'console-port': text, 'no-console': flag, log: flag },
      allowPositionals: true,
    })
  } catch (error) {
    throw usage(error.message)
  }
}

function portOf(option, text, otherwise) {
  if (text === undefined) return otherwise
  const port = /^\d{1,5}$/.test(text) ? Number(text) : HIGHEST_PORT + 1
  if (port <= HIGHEST_PORT) return port
  throw usage(`${option} takes a whole number, 0 to ${HIGHEST_PORT}, not "${text}"`)
}

const usage = (what) => new MachineError('ERR_CARILLON_MACHINE_USAGE', `${SYNTAX}: ${what}`)
