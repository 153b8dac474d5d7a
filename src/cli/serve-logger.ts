import { constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Logger, pino } from 'pino'
import { LogSink } from './log-sink.ts'

const STDOUT = 1

/** What the sentence says already. */
const LEFT_OUT = 'pid,hostname,event,host,port,consolePort,signal,client,address,clientName,code'

/** The log of a server: readable on a terminal, JSON lines elsewhere. Nothing waits for who reads it. */
export function createServeLogger(): Logger {
  // Without the options before it, pino would take the sink for options, and write by itself.
  if (!process.stdout.isTTY) return pino({}, new LogSink(process.stdout.fd))
  const require = createRequire(import.meta.url)
  const { prettyFactory }: typeof import('pino-pretty') = require('pino-pretty')
  const format = prettyFactory({
    ...{ ignore: LEFT_OUT, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' },
  })
  return pino({}, new LogSink(openTerminal(), format))
}

/**
 * The terminal once more, as one that does not block: where it is stopped (Ctrl-S) or nobody reads it
 * any more, whoever writes to it as usual stands still. Where it may not be opened, it is what it is.
 */
function openTerminal(): number {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    return openSync(`/proc/self/fd/${STDOUT}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    return STDOUT
  }
}
