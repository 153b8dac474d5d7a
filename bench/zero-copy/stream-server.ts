// Streams a mapped region to whoever connects, over and over, with a TcpEngine.
//
//   node stream-server.js --file FILE --block BYTES --way copy|send|zero-copy --port N
//
// FILE is mapped, and is whole blocks long. `copy` sends a copy of each block, `send` the block where
// it lies with sendData, `zero-copy` the same with sendZeroCopy.
import { openSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { LengthPrefixedStrategy, type TcpClient, TcpEngine } from '../../src/index.ts'
import { Mapping } from '../../src/shm/mapping.ts'

const { values } = parseArgs({
  options: {
    file: { type: 'string', default: '' },
    block: { type: 'string', default: '' },
    way: { type: 'string', default: 'send' },
    port: { type: 'string', default: '0' },
  },
})

/** Over this much nothing is added to what waits for the kernel. */
const QUEUED_BYTES_MAX = 4 * 1024 * 1024
/** Of sends without a copy that are not finished. */
const OUTSTANDING_BYTES_MAX = 4 * 1024 * 1024
/** Blocks of one turn of the loop: then others get theirs. */
const BLOCKS_A_TURN = 16

const blockBytes = Number(values.block)
const bytes = statSync(values.file).size
const mapping = new Mapping({
  ...{ fd: openSync(values.file, 'r'), offset: 0, bytes, writable: false },
})
const region = Buffer.from(mapping.bytes.buffer)

class StreamServer extends TcpEngine {
  readonly #at = new Map<TcpClient, number>()

  constructor() {
    super(() => new LengthPrefixedStrategy(), {
      highWatermarkBytes: QUEUED_BYTES_MAX / 2,
      lowWatermarkBytes: QUEUED_BYTES_MAX / 4,
      maxQueuedBytes: 4 * QUEUED_BYTES_MAX,
    })
  }

  protected override onClientConnected(client: TcpClient): void {
    this.#at.set(client, 0)
    if (values.way !== 'zero-copy') {
      this.#send(client)
      return
    }
    const outstanding = Math.max(2, Math.floor(OUTSTANDING_BYTES_MAX / blockBytes))
    for (let i = 0; i < outstanding; i++) this.#sendZeroCopy(client)
  }

  protected override onClientDrain(client: TcpClient): void {
    if (values.way !== 'zero-copy') this.#send(client)
  }

  protected override onClientDisconnected(client: TcpClient): void {
    this.#at.delete(client)
  }

  #send(client: TcpClient): void {
    for (let i = 0; i < BLOCKS_A_TURN; i++) {
      // It has gone, or `onClientDrain` follows.
      if (!this.#at.has(client) || client.queuedBytes > QUEUED_BYTES_MAX / 2) return
      const block = this.#next(client)
      client.sendData(values.way === 'copy' ? Buffer.from(block) : block)
    }
    setImmediate(() => this.#send(client))
  }

  #sendZeroCopy(client: TcpClient): void {
    if (!this.#at.has(client)) return
    client.sendZeroCopy(this.#next(client), () => this.#sendZeroCopy(client))
  }

  #next(client: TcpClient): Buffer {
    const at = this.#at.get(client) ?? 0
    this.#at.set(client, (at + blockBytes) % bytes)
    return region.subarray(at, at + blockBytes)
  }
}

const server = new StreamServer()
server.init(Number(values.port))
const { port } = await server.start()
console.log(JSON.stringify({ event: 'ready', port }))
