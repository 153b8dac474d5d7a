// This project's server as the suite measures it: hosted cores, TCP, no console.
//
//   node scale-server.js --port N [--cores 1]
import { parseArgs } from 'node:util'
import { CarillonServer } from '../../src/server/carillon-server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    cores: { type: 'string', default: '1' },
  },
})
const { port } = await CarillonServer.start({
  port: Number(values.port),
  cores: Number(values.cores),
  transport: 'epoll',
  maxClients: 10_000,
})
console.log(JSON.stringify({ event: 'ready', port }))
