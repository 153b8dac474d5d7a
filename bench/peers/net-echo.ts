// An echo server as a good Node programmer writes one on `net`: parses what each chunk holds, and
// answers all of its messages in one write.
//
//   node net-echo.js --port N
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

const HEADER_BYTES = 4
/** As in the other peers: no benchmark sends more. */
const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024

function serve(socket: Socket): void {
  /** Of a frame that has not come whole. */
  let pieces: Buffer[] = []
  let pieceBytes = 0
  /** What the next frame needs before it is worth putting the pieces together. */
  let wantedBytes = HEADER_BYTES

  socket.on('data', (chunk) => {
    pieces.push(chunk)
    pieceBytes += chunk.length
    if (pieceBytes < wantedBytes) return
    const bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces, pieceBytes)

    const frames: Buffer[] = []
    let at = 0
    wantedBytes = HEADER_BYTES
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at)
      if (length > PAYLOAD_BYTES_MAX) {
        socket.destroy()
        return
      }
      if (bytes.length - at < HEADER_BYTES + length) {
        wantedBytes = HEADER_BYTES + length
        break
      }
      frames.push(frame(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)))
      at += HEADER_BYTES + length
    }
    pieces = at === bytes.length ? [] : [bytes.subarray(at)]
    pieceBytes = bytes.length - at
    if (frames.length > 0) answer(frames)
  })

  /** Sends in one write, and reads on when the kernel has taken it. */
  function answer(frames: readonly Buffer[]): void {
    const [first] = frames
    const bytes = frames.length === 1 && first !== undefined ? first : Buffer.concat(frames)
    if (socket.write(bytes)) return
    socket.pause()
    socket.once('drain', () => socket.resume())
  }

  // A connection that breaks off is over, and no more.
  socket.on('error', () => {})
}

function frame(payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  bytes.writeUInt32BE(payload.length)
  payload.copy(bytes, HEADER_BYTES)
  return bytes
}

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
const server = createServer({ noDelay: true }, serve)
server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ event: 'ready', port }))
})
