// A chat: what one client says, all others hear. Build (npm run setup), then:
//
//   node dist/examples/chat-server.js [--port 5555]
//
// and in several terminals: nc 127.0.0.1 5555. A message is a line. Ctrl-C ends the server.
import { parseArgs } from 'node:util'
import {
  type CarillonError,
  LineStrategy,
  ListenError,
  MessageTooLargeError,
  type TcpClient,
  TcpEngine,
} from 'carillon'

const LINE_BYTES_MAX = 4096
/** More than anybody will read of what he missed. */
const QUEUED_BYTES_MAX = 256 * 1024

class ChatServer extends TcpEngine {
  /** Of each client, how many lines it knows that it missed. */
  readonly #toldMissed = new Map<TcpClient, number>()

  constructor() {
    super(() => new LineStrategy({ maxMessageBytes: LINE_BYTES_MAX }), {
      // Not `pause-source`: one who has gone for a coffee would silence everybody who talks. Not
      // `disconnect` either: he comes back, and then the latest lines are worth most.
      slowClientPolicy: 'drop-oldest',
      maxQueuedBytes: QUEUED_BYTES_MAX,
    })
  }

  protected override onClientConnected(client: TcpClient): void {
    this.#toldMissed.set(client, 0)
    this.#tellOthers(client, `* ${client.id} is here`)
  }

  protected override onClientDisconnected(client: TcpClient): void {
    this.#toldMissed.delete(client)
    this.#tellOthers(client, `* ${client.id} has gone`)
  }

  protected override onClientMessage(client: TcpClient, line: Buffer): void {
    this.#tellOthers(client, `${client.id}: ${line}`)
  }

  // The queue was long, and lines of it may have been dropped. Now there is room to say so.
  protected override onClientDrain(client: TcpClient): void {
    const missed = client.droppedMessages - (this.#toldMissed.get(client) ?? 0)
    if (missed === 0) return
    this.#toldMissed.set(client, client.droppedMessages)
    client.sendData(lineOf(`* you missed ${missed} lines`))
  }

  // A last word is possible here; then the client is closed.
  protected override onClientError(client: TcpClient, error: CarillonError): void {
    if (!(error instanceof MessageTooLargeError)) return
    client.sendData(lineOf(`* a line has at most ${LINE_BYTES_MAX} bytes`))
  }

  #tellOthers(speaker: TcpClient, text: string): void {
    const line = lineOf(text)
    for (const client of this.clients.values()) if (client !== speaker) client.sendData(line)
  }
}

/** Not by the strategy, which holds outgoing lines to the limit as well: ours have a name in front. */
function lineOf(text: string): Buffer {
  return Buffer.from(`${text}\r\n`)
}

try {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '5555' } } })
  const server = new ChatServer()
  server.init(Number(values.port))
  const { port } = await server.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.stop())
  console.log(JSON.stringify({ event: 'ready', port }))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof ListenError ? 1 : 2
}
