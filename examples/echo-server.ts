// Sends every message back to the client that it came from.
//
//   node dist/examples/echo-server.js [--port N] [--framing length-prefixed|varint]
import { parseArgs } from 'node:util'
import {
  type IFramingStrategy,
  LengthPrefixedStrategy,
  VarintPrefixedStrategy,
} from 'carillon/framing'
import { EpollTransport, NetTransport, Reactor, type TcpClient, TcpEngine } from 'carillon/reactor'

const FRAMINGS: Record<string, () => IFramingStrategy> = {
  'length-prefixed': () => new LengthPrefixedStrategy(),
  varint: () => new VarintPrefixedStrategy(),
}

class EchoServer extends TcpEngine {
  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    client.sendMessage(message)
  }
}

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5555' },
    framing: { type: 'string', default: 'length-prefixed' },
    transport: { type: 'string', default: 'epoll' },
    'busy-poll-us': { type: 'string', default: '0' },
  },
})
const createStrategy = FRAMINGS[values.framing]
if (createStrategy === undefined) {
  console.error('--framing is length-prefixed or varint, --transport is net')
  process.exitCode = 2
} else {
  const transport =
    values.transport === 'net'
      ? new NetTransport()
      : new EpollTransport({ reactor: new Reactor({ busyPollUs: Number(values['busy-poll-us']) }) })
  const server = new EchoServer(createStrategy, { messages: 'borrowed', transport })
  server.init(Number(values.port), '127.0.0.1', 20_000)
  const { port } = await server.start()
  console.log(JSON.stringify({ event: 'ready', port, transport: values.transport }))
}
