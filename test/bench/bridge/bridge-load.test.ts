import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { buildPrograms, builtProgram } from '../../../bench/programs.ts'
import type { carillon } from '../../../proto/generated/carillon.js'
import { decodeClientMessage, ServerMessage } from '../../../proto/messages.ts'
import { ChunkedDecoder } from '../../../src/framing/chunked-decoder.ts'
import { VarintPrefixedStrategy } from '../../../src/framing/varint-prefixed-strategy.ts'
import { refusingPort } from '../../support/refusing-port.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

const LOAD = builtProgram('bridge_load')

type Answer = carillon.v1.ServerMessage.$Properties
type Block = Required<carillon.v1.Samples.$Properties>

/** What a bridge makes of the blocks of a connection, `number` counting them from 0. */
type Answering = (block: Block, number: number, socket: Socket) => Answer[]

const honest: Answering = (samples) => [{ samples }]

function send(socket: Socket, message: Answer): void {
  const bytes = ServerMessage.encode(message).finish()
  for (const part of new VarintPrefixedStrategy().encode(bytes)) socket.write(part)
}

/** A bridge in this process, without a core: what comes back is what the test wants. */
async function serve(t: ExecutionContext, answer: Answering): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let blocks = 0
    const decoder = new ChunkedDecoder(new VarintPrefixedStrategy())
    socket.on('data', (chunk) => {
      decoder.push(chunk, (bytes) => {
        const { request, hello, openStream, samples } = decodeClientMessage(bytes)
        if (hello) send(socket, { request, welcome: { protocolVersion: 1 } })
        if (openStream) send(socket, { request, streamOpened: { stream: 7 } })
        if (!samples) return
        for (const each of answer(samples as Block, blocks++, socket)) send(socket, each)
      })
    })
    socket.on('error', () => {})
  })
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}
