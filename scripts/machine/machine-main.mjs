import { constants } from 'node:os'
import { repository } from '../repository.mjs'
import { explain } from '../setup/setup-error.mjs'
import { machineBoard } from './boards.mjs'
import { readImage } from './build-image.mjs'
import { LinuxMachine } from './linux-machine.mjs'
import { machineOptions } from './machine-options.mjs'

/** What asks it to stop; a second one does not wait for it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** pino's level of a warning. */
const WARNING = 40

const stop = new AbortController()
let stopped
const asked = new Promise((resolve) => {
  stopped = resolve
})
for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal])
    stop.abort(signal)
    stopped()
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error === stop.signal.reason) process.exitCode = 128 + constants.signals[error]
  else {
    console.error(explain(error))
    process.exitCode = 1
  }
}

async function main(words) {
  const { board, log, ...options } = machineOptions(words)
  const target = machineBoard(board)
  const image = readImage(repository, target.name)
  const onLine = log ? (line) => console.error(line) : tellWarning
  console.error(`booting ${target.name}…`)
  const machine = await LinuxMachine.start(image, target, {
    ...options,
    onLine,
    signal: stop.signal,
  })
  console.log(readyLine(target, machine))
  machine.on('server-ended', (status) => {
    console.error(`the server in the machine ended with status ${status}, and is started again`)
  })
  const end = await Promise.race([asked, machine.exited])
  if (end !== undefined) {
    console.error(`the machine ended by itself: QEMU, ${end.signal ?? `status ${end.code}`}`)
    return 1
  }
  if (await machine.powerOff()) return 0
  console.error('the machine did not go off in time, and was ended')
  return 1
}

function readyLine({ name }, { server, port, consolePort }) {
  const console = consolePort === undefined ? '' : `, console at http://127.0.0.1:${consolePort}/`
  return `ready: ${name}, ${server.msg.replace(/^ready: |, TCP on .*$/g, '')}, TCP on 127.0.0.1:${port}${console}`
}

/** Of what the server logs, only what somebody should know. */
function tellWarning(line) {
  if (!line.startsWith('{')) return
  try {
    const { level, msg, client, address, code } = JSON.parse(line)
    const about = [client === undefined ? undefined : `client ${client}`, address, code]
    const known = about.filter((each) => each !== undefined).join(', ')
    if (level >= WARNING) console.error(known === '' ? msg : `${msg} (${known})`)
  } catch {
    // Not the server's.
  }
}
