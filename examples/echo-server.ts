// Sends every message back to the client that it came from, in the frame that it came in:
//
//   npm run --silent example:echo -- [--port 5555] [--framing length-prefixed] [--transport epoll]
//
// --framing is length-prefixed (4 bytes, big-endian), varint, line, or fixed:N for messages of N
// bytes; --transport is epoll or net; --busy-poll-us N asks for events for N microseconds after each
// before it sleeps. Port 0 picks a free one. One line of JSON says when it listens, and where.
// Ctrl-C ends it. The exit code is 1 where it cannot listen, 2 where the arguments are wrong.
import { parseArgs } from 'node:util'
import {
  FixedLengthStrategy,
  type IFramingStrategy,
  LengthPrefixedStrategy,
  LineStrategy,
  VarintPrefixedStrategy,
} from 'carillon/framing'
import {
  EpollTransport,
  ListenError,
  NetTransport,
  Reactor,
  type TcpClient,
  TcpEngine,
  type Transport,
} from 'carillon/reactor'

const MAX_CLIENTS = 20_000

class EchoServer extends TcpEngine {
  constructor(createStrategy: () => IFramingStrategy, transport: Transport) {
    // Borrowed: a message is sent on at once, from where it was read. And a client that does not
    // read its echoes is not read from either, until it does.
    super(createStrategy, { messages: 'borrowed', slowClientPolicy: 'pause-source', transport })
  }

  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    client.sendMessage(message)
  }
}

/** What makes the strategy of a client. */
function framingOf(name: string): () => IFramingStrategy {
  const messageBytes = /^fixed:(\d+)$/.exec(name)?.[1]
  if (messageBytes !== undefined) {
    return () => new FixedLengthStrategy({ messageBytes: Number(messageBytes) })
  }
  if (name === 'length-prefixed') return () => new LengthPrefixedStrategy()
  if (name === 'varint') return () => new VarintPrefixedStrategy()
  if (name === 'line') return () => new LineStrategy()
  throw new RangeError(`--framing is length-prefixed, varint, line or fixed:N, not "${name}"`)
}

function transportOf(name: string, busyPollUs: number): Transport {
  if (name === 'epoll') return new EpollTransport({ reactor: new Reactor({ busyPollUs }) })
  if (name !== 'net') throw new RangeError(`--transport is epoll or net, not "${name}"`)
  if (busyPollUs !== 0) throw new RangeError('--busy-poll-us goes with --transport epoll')
  return new NetTransport()
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`${option} is a whole number, not "${text}"`)
  return Number(text)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5555' },
      framing: { type: 'string', default: 'length-prefixed' },
      transport: {
        type: 'string',
        default: Reactor.unavailable === undefined ? 'epoll' : 'net',
      },
      'busy-poll-us': { type: 'string', default: '0' },
    },
  })
  const createStrategy = framingOf(values.framing)
  // Once here, so that a length out of range is told now and not to the first client.
  createStrategy()
  const busyPollUs = wholeNumber('--busy-poll-us', values['busy-poll-us'])
  const server = new EchoServer(createStrategy, transportOf(values.transport, busyPollUs))
  server.init(wholeNumber('--port', values.port), '127.0.0.1', MAX_CLIENTS)
  const { port } = await server.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.stop())
  console.log(JSON.stringify({ event: 'ready', port, transport: values.transport }))
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof ListenError ? 1 : 2
}
