import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import type { CarillonError } from '../../src/errors.ts'
import { encodeHttpResponse } from '../../src/framing/encode-http-response.ts'
import { parseHttpRequest } from '../../src/framing/http-request.ts'
import { HttpRequestError } from '../../src/framing/http-request-error.ts'
import { HttpRequestStrategy } from '../../src/framing/http-request-strategy.ts'
import type { TcpClient } from '../../src/reactor/tcp-client.ts'
import { TcpEngine } from '../../src/reactor/tcp-engine.ts'

/** Answers every request with its body, behind its method and target. */
class EchoHttpServer extends TcpEngine {
  constructor() {
    super(() => new HttpRequestStrategy({ expectContinue: 'ask', maxBodyBytes: 200_000 }), {
      messages: 'borrowed',
    })
  }

  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    const { method, target, body, awaitsContinue, keepsAlive } = parseHttpRequest(message)
    if (awaitsContinue) {
      client.sendData(...encodeHttpResponse({ status: 100 }))
      return
    }
    const said = Buffer.concat([Buffer.from(`${method} ${target} `), body])
    const isToHead = method === 'HEAD'
    client.sendData(
      ...encodeHttpResponse({ status: 200, body: said, closes: !keepsAlive, isToHead }),
    )
    if (!keepsAlive) client.close()
  }

  protected override onClientError(client: TcpClient, error: CarillonError): void {
    if (!(error instanceof HttpRequestError)) return
    const { status, message } = error
    client.sendData(...encodeHttpResponse({ status, body: message, closes: true }))
  }
}

async function serve(t: ExecutionContext): Promise<{ port: number; agent: Agent }> {
  const server = new EchoHttpServer()
  server.init(0)
  const { port } = await server.start()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(async () => {
    agent.destroy()
    await server.stop()
  })
  return { port, agent }
}

async function answerTo(sent: ClientRequest): Promise<[number | undefined, string]> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return [response.statusCode, (await buffer(response)).toString()]
}

test("Node's client is answered, one request behind the other on one connection", async (t) => {
  const { port, agent } = await serve(t)
  const ask = (method: string, path: string, pieces: string[] = []) => {
    const sent = request({ port, agent, method, path })
    for (const piece of pieces) sent.write(piece)
    sent.end()
    return answerTo(sent)
  }
  const long = 'bells '.repeat(30_000)
  const answers = await Promise.all([
    ask('GET', '/'),
    ask('POST', '/one', ['ding']),
    ask('PUT', '/many', ['ding', ' ', 'dong', long]),
    ask('HEAD', '/head'),
    ask('GET', '/last?a=b'),
  ])
  t.deepEqual(answers, [
    [200, 'GET / '],
    [200, 'POST /one ding'],
    [200, `PUT /many ding dong${long}`],
    [200, ''],
    [200, 'GET /last?a=b '],
  ])
})

test('a client that expects 100-continue is told to go on', async (t) => {
  const { port, agent } = await serve(t)
  const headers = { Expect: '100-continue', 'Content-Length': 4 }
  const sent = request({ port, agent, method: 'POST', path: '/asked', headers })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.end('ding')
  t.deepEqual(await answerTo(sent), [200, 'POST /asked ding'])
})

test('what is refused is answered with its status, and closed', async (t) => {
  const { port, agent } = await serve(t)
  const tooLarge = request({
    port,
    agent,
    method: 'POST',
    headers: { 'Content-Length': 200_001 },
  })
  tooLarge.flushHeaders()
  t.deepEqual(await answerTo(tooLarge), [413, 'a body has at most 200000 bytes'])
  tooLarge.destroy()
  const socket = connect(port)
  socket.write('GET / HTTP/1.1\r\nHost: bells\r\n\r\nPOST / HTTP/1.1\r\nHost : bells\r\n\r\n')
  const answers = (await buffer(socket)).toString('latin1').match(/HTTP\/1\.1 .*/g)
  t.deepEqual(answers, ['HTTP/1.1 200 OK', 'HTTP/1.1 400 Bad Request'])
})
