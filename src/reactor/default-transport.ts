import type { Logger } from 'pino'
import { EpollTransport } from './epoll-transport.ts'
import { NetTransport } from './net-transport.ts'
import { Reactor } from './reactor.ts'
import type { Transport } from './transport.ts'

let isTold = false

/** `epoll` where this system has it, else `net`, of which one line of the log tells the process. */
export function defaultTransport(logger: Logger): Transport {
  const reason = Reactor.unavailable
  if (reason === undefined) return new EpollTransport()
  if (!isTold) logger.warn({ reason }, "no epoll here: connections go over Node's net, more slowly")
  isTold = true
  return new NetTransport()
}
