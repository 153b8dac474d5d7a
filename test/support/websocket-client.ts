import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'

const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

/** The code of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
export const ABNORMAL_CLOSURE = 1006

export interface WebSocketClientOptions {
  readonly port: number
  readonly host?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The server answered the upgrade with an ordinary response. */
export class UpgradeRefused extends Error {
  readonly status: number
  constructor(status: number) {
    super(`The upgrade was answered with ${status}`)
    this.status = status
  }
}

/** As much of a WebSocket client (RFC 6455) as the tests need: Node 20 has none. */
export class WebSocketClient {
  /** How the server closed. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #socket: Socket
  #unread: Buffer
  #close = { code: ABNORMAL_CLOSURE, reason: '' }
  readonly #messages: Buffer[] = []
  readonly #waiting: ((message: Buffer | undefined) => void)[] = []
  readonly #pinging: (() => void)[] = []

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket
    this.#unread = head
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const settle of this.#waiting.splice(0)) settle(undefined)
        resolve(this.#close)
      })
    })
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk])
      this.#parse()
    })
    this.#parse()
  }

  static async connect(options: WebSocketClientOptions): Promise<WebSocketClient> {
    const upgrade = request({
      host: options.host ?? '127.0.0.1',
      port: options.port,
      path: options.path ?? '/ws',
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        ...options.headers,
      },
    })
    upgrade.end()
    const response = once(upgrade, 'response') as Promise<[IncomingMessage]>
    const upgraded = once(upgrade, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>
    const [answer, socket, head] = await Promise.race([upgraded, response])
    if (socket === undefined || head === undefined) {
      answer.resume()
      throw new UpgradeRefused(answer.statusCode ?? 0)
    }
    return new WebSocketClient(socket, head)
  }

  send(message: Uint8Array): void {
    this.#frame(OPCODE.BINARY, message)
  }

  sendText(text: string): void {
    this.#frame(OPCODE.TEXT, Buffer.from(text))
  }

  /** Sends a message in so many frames; without its last one where it is not to be `finished`. */
  sendFragments(pieces: readonly Uint8Array[], finished = true): void {
    for (const [at, piece] of pieces.entries()) {
      const opcode = at === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION
      this.#frame(opcode, piece, finished && at === pieces.length - 1)
    }
  }

  /** Sends many pings, each of so many bytes, and does not wait for what comes back. */
  flood(pings: number, bytes: number): void {
    const ping = Buffer.concat([
      Buffer.from([0x80 | OPCODE.PING, 0x80 | bytes]),
      Buffer.alloc(4 + bytes),
    ])
    this.#socket.write(Buffer.alloc(pings * ping.length, ping))
  }

  /** Begins a frame of a length of which nothing follows. */
  announce(length: bigint): void {
    const header = Buffer.alloc(14)
    header[0] = 0x80 | OPCODE.BINARY
    header[1] = 0x80 | 127
    header.writeBigUInt64BE(length, 2)
    this.#socket.write(header)
  }

  /** The next binary message; `undefined` where the connection ends first. */
  async next(): Promise<Buffer | undefined> {
    const message = this.#messages.shift()
    if (message !== undefined || this.#socket.destroyed) return message
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when the server has read all that was sent before. */
  async roundTrip(): Promise<void> {
    this.#frame(OPCODE.PING, Buffer.alloc(0))
    await new Promise<void>((resolve) => this.#pinging.push(resolve))
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  /** Closes as a browser does that leaves the page. */
  close(): void {
    this.#frame(OPCODE.CLOSE, Buffer.from([0x03, 0xe9]))
    this.#socket.end()
  }

  /** Vanishes without a farewell. */
  destroy(): void {
    this.#socket.resetAndDestroy()
  }

  #frame(opcode: number, payload: Uint8Array, isLast = true): void {
    const { length } = payload
    const first = (isLast ? 0x80 : 0) | opcode
    const header =
      length < 126
        ? Buffer.from([first, 0x80 | length])
        : Buffer.concat([Buffer.from([first, 0x80 | 127]), lengthOf64Bits(length)])
    // A mask of zeroes is a mask: the payload stays as it is.
    this.#socket.write(Buffer.concat([header, Buffer.alloc(4), payload]))
  }

  #parse(): void {
    for (;;) {
      const frame = parseFrame(this.#unread)
      if (frame === undefined) return
      this.#unread = this.#unread.subarray(frame.end)
      this.#take(frame.opcode, frame.payload)
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.PING) this.#frame(OPCODE.PONG, payload)
    else if (opcode === OPCODE.PONG) this.#pinging.shift()?.()
    else if (opcode === OPCODE.CLOSE) {
      if (payload.length >= 2) {
        this.#close = { code: payload.readUInt16BE(), reason: payload.toString('utf8', 2) }
      }
      this.#socket.end()
    } else if (opcode === OPCODE.BINARY) {
      const settle = this.#waiting.shift()
      if (settle === undefined) this.#messages.push(payload)
      else settle(payload)
    }
  }
}

function lengthOf64Bits(length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return bytes
}

/** The first frame of `bytes`, which a server sends whole and without a mask. */
function parseFrame(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  const first = bytes[0]
  const short = bytes[1]
  if (first === undefined || short === undefined) return undefined
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
  const start = 2 + lengthBytes
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 8
      ? Number(bytes.readBigUInt64BE(2))
      : lengthBytes === 2
        ? bytes.readUInt16BE(2)
        : short
  const end = start + length
  if (bytes.length < end) return undefined
  return { opcode: first & 0x0f, payload: Buffer.from(bytes.subarray(start, end)), end }
}
