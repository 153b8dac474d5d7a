// A few pages over HTTP/1.1, by an engine and a framing strategy. Build (npm run setup), then:
//
//   node dist/examples/http-server.js [--port 8080]
//
// and: curl -i http://127.0.0.1:8080/. Ctrl-C ends the server.
import { parseArgs } from 'node:util'
import {
  type CarillonError,
  encodeHttpResponse,
  type HttpRequest,
  HttpRequestError,
  HttpRequestStrategy,
  type HttpResponse,
  ListenError,
  parseHttpRequest,
  type TcpClient,
  TcpEngine,
} from 'carillon'

const BODY_BYTES_MAX = 64 * 1024
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' }
const JSON_TYPE = { 'Content-Type': 'application/json' }

class HttpServer extends TcpEngine {
  constructor() {
    super(() => new HttpRequestStrategy({ maxBodyBytes: BODY_BYTES_MAX }), {
      // A connection may be kept for the next request, but not for ever, and no request takes as long.
      idleTimeoutMs: 60_000,
      messageTimeoutMs: 10_000,
      // Who sends requests and does not read the responses is not read from.
      slowClientPolicy: 'pause-source',
    })
  }

  // A message is a whole request.
  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    const request = parseHttpRequest(message)
    const closes = !request.keepsAlive
    const isToHead = request.method === 'HEAD'
    client.sendData(...encodeHttpResponse({ ...this.#respond(request), closes, isToHead }))
    if (closes) client.close()
  }

  // What was refused has its status. The engine closes the client behind this.
  protected override onClientError(client: TcpClient, error: CarillonError): void {
    const isLate = error.code === 'ERR_CARILLON_MESSAGE_TIMEOUT'
    const status = error instanceof HttpRequestError ? error.status : isLate ? 408 : undefined
    if (status === undefined) return
    const body = `${error.message}\n`
    client.sendData(...encodeHttpResponse({ status, headers: TEXT, body, closes: true }))
  }

  #respond({ method, target, body }: HttpRequest): HttpResponse {
    const [path] = target.split('?', 1)
    const reads = method === 'GET' || method === 'HEAD'
    if (path === '/') {
      if (!reads) return notAllowed('GET, HEAD')
      return { status: 200, headers: TEXT, body: 'Carillon is here.\n' }
    }
    if (path === '/stats') {
      if (!reads) return notAllowed('GET, HEAD')
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify(this.stats()) }
    }
    if (path === '/echo') {
      if (method !== 'POST') return notAllowed('POST')
      return { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, body }
    }
    return { status: 404, headers: TEXT, body: 'There is no such page.\n' }
  }
}

function notAllowed(allowed: string): HttpResponse {
  return { status: 405, headers: { ...TEXT, Allow: allowed }, body: `Allowed: ${allowed}\n` }
}

try {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } })
  const server = new HttpServer()
  server.init(Number(values.port))
  const { port } = await server.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.stop())
  console.log(JSON.stringify({ event: 'ready', port }))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof ListenError ? 1 : 2
}
