// Tries all that takes a descriptor where none is left, under a low `ulimit -n`, and says what it is told: a
// line of JSON for each.
import { openSync } from 'node:fs'
import { errorCode, errorMessage } from '../../src/errors.ts'
import { BellSocket } from '../../src/reactor/bell-socket.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { Reactor } from '../../src/reactor/reactor.ts'

const reactor = new Reactor()
const bell = EventFd.create()
const attempts: Readonly<Record<string, () => unknown>> = {
  eventfd: () => EventFd.create(),
  socketpair: () => BellSocket.create(),
  epoll_ctl: () => reactor.watchEventFd(bell, () => {}),
  timerfd_create: () => reactor.timer(() => {}),
  epoll_create1: () => new Reactor(),
}

/** Takes all that are left. Node's own threads give some back at any time. */
function takeAll(): void {
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {
    // None is left.
  }
}

for (const [what, attempt] of Object.entries(attempts)) {
  takeAll()
  try {
    attempt()
    console.log(JSON.stringify({ what }))
  } catch (error) {
    const cause = error instanceof Error ? errorCode(error.cause) : ''
    const told = { what, code: errorCode(error), message: errorMessage(error), cause }
    console.log(JSON.stringify(told))
  }
}
process.exit()
