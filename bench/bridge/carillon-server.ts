// This project's server as the suite measures it: one hosted core, TCP, no console.
//
//   node carillon-server.js --port N [--transport epoll] [--busy-poll-us 0] [--core-polls]
import { parseArgs } from 'node:util'
import { CarillonServer } from '../../src/server/carillon-server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    transport: { type: 'string', default: 'epoll' },
    'busy-poll-us': { type: 'string', default: '0' },
    'core-polls': { type: 'boolean', default: false },
  },
})
const { port } = await CarillonServer.start({
  port: Number(values.port),
  transport: values.transport === 'net' ? 'net' : 'epoll',
  busyPollUs: Number(values['busy-poll-us']),
  corePolls: values['core-polls'],
  maxClients: 10_000,
})
console.log(JSON.stringify({ event: 'ready', port }))
