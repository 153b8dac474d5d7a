import { join } from 'node:path'
import { builtProgram, REPOSITORY } from '../programs.ts'

/** A server that is measured. Each gets `--port 0` behind its command. */
export interface Contender {
  readonly name: string
  readonly command: readonly string[]
}

interface ListedContender extends Contender {
  readonly isOurs: boolean
}

const ECHO_SERVER = [process.execPath, join(REPOSITORY, 'dist/examples/echo-server.js')]

/** How long this project polls after an event, where it does, in microseconds. */
const BUSY_POLL_US = 30

export const CONTENDERS = [
  { name: 'carillon', isOurs: true, command: ECHO_SERVER },
  {
    name: 'carillon-busy',
    isOurs: true,
    command: [...ECHO_SERVER, '--busy-poll-us', String(BUSY_POLL_US)],
  },
  { name: 'c-epoll', isOurs: false, command: [builtProgram('epoll_echo')] },
  { name: 'asio', isOurs: false, command: [builtProgram('asio_echo')] },
  {
    name: 'node-net',
    isOurs: false,
    command: [process.execPath, join(REPOSITORY, 'dist/bench/peers/net-echo.js')],
  },
] as const satisfies readonly ListedContender[]

/** What all others are measured by: as much as this machine can do. */
export const YARDSTICK = 'c-epoll'
