import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { ClientMessage, PROTOCOL_VERSION } from '../../proto/messages.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { startServer } from '../support/carillon-server.ts'

/** A server that cannot stop at once: a client does not close its side. */
async function stuckServer(t: ExecutionContext) {
  const server = await startServer(t)
  const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => client.destroy())
  const hello = ClientMessage.encode({ hello: { protocolVersion: PROTOCOL_VERSION } }).finish()
  for (const piece of new VarintPrefixedStrategy().encode(hello)) client.write(piece)
  await server.logged(({ msg }) => msg.endsWith('said hello'))
  return server
}

test('asked again later, the command ends at once, with the code of the signal', async (t) => {
  const server = await stuckServer(t)
  const ended = server.end('SIGTERM')
  await server.logged(({ msg }) => msg === 'stopping')
  const again = setInterval(() => process.kill(server.pid, 'SIGINT'), 100)
  t.teardown(() => clearInterval(again))
  t.true(existsSync(server.region))
  t.is(await ended, 130)
  t.false(server.log.some(({ event }) => event === 'stopped'))
  t.false(existsSync(server.region))
})

test('two signals at once mean one', async (t) => {
  const server = await stuckServer(t)
  const ended = server.end('SIGINT')
  process.kill(server.pid, 'SIGINT')
  t.is(await ended, 0)
  t.true(server.log.some(({ event }) => event === 'stopped'))
})
