// A server for a protocol of one's own: the two classes and the main program of the article "Using
// epoll", in Carillon. Build, then: node dist/examples/own-protocol-server.js [--port 5555]
//
// The protocol: a message is its length in two bytes, big-endian, and that many bytes, 4,096 at
// most. What one client says, every client hears, the one that said it as well.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { FullMessageInfo, IFramingStrategy } from 'carillon/framing'
import { type TcpClient, TcpEngine } from 'carillon/reactor'

const LENGTH_BYTES = 2
const MAX_MESSAGE_BYTES = 4096

/** Processes a TCP stream into full messages. The shipped strategies do this in one line. */
class OwnProtocolFramingStrategy implements IFramingStrategy {
  #length = 0
  #lengthBytesRead = 0

  processData(chunk: Buffer, info: FullMessageInfo): number {
    let position = 0
    // Not even the length may be there in one piece: say what was read, and be called again.
    while (this.#lengthBytesRead < LENGTH_BYTES) {
      const byte = chunk[position]
      if (byte === undefined) return position
      this.#length = this.#length * 256 + byte
      this.#lengthBytesRead++
      position++
    }
    // Not our protocol: the connection is aborted.
    if (this.#length > MAX_MESSAGE_BYTES) return -1

    // For each message info.buffer is empty at first. Allocate it, and copy the data into it.
    if (info.filledBytes === 0) info.buffer = Buffer.alloc(this.#length)
    const copied = chunk.copy(info.buffer, info.filledBytes, position)
    info.filledBytes += copied

    // A full message: the engine gets info.buffer, and a fresh info comes with the next call. What
    // is left in the chunk is for that call.
    if (info.filledBytes === this.#length) {
      info.complete = true
      this.#length = 0
      this.#lengthBytesRead = 0
    }
    return position + copied
  }

  encode(message: Uint8Array): Uint8Array[] {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt16BE(message.length)
    return [length, message]
  }
}

class OwnProtocolServerEngine extends TcpEngine {
  readonly #list = new Set<TcpClient>()

  constructor() {
    super(() => new OwnProtocolFramingStrategy())
  }

  protected override onClientConnected(client: TcpClient): void {
    this.#list.add(client)
  }

  protected override onClientDisconnected(client: TcpClient): void {
    this.#list.delete(client)
  }

  // Exactly one full message, and it is ours to keep. Everything happens in one thread, so the
  // clients in the list are safe to use.
  protected override onClientMessage(_client: TcpClient, message: Buffer): void {
    for (const each of this.#list) each.sendMessage(message)
  }
}

/** Waits for a key and Enter, the end of the input, or Ctrl-C. */
async function getchar(): Promise<void> {
  const input = process.stdin
  await Promise.race([once(input, 'data'), once(input, 'end'), once(process, 'SIGINT')])
  input.destroy()
}

async function main(): Promise<number> {
  const engine = new OwnProtocolServerEngine()
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: '5555' } } })
    engine.init(Number(values.port), '127.0.0.1', 10)
    await engine.start()
  } catch (error) {
    console.error('Could not start server')
    console.error(error instanceof Error ? error.message : error)
    return -1
  }

  // Before the line that tells others that the server is there, and may be stopped.
  const key = getchar()
  console.log(`Listening on 127.0.0.1:${engine.address?.port}. Enter stops the server.`)
  await key
  await engine.stop()
  return 0
}

process.exitCode = await main()
