import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { RawPeer } from '../reactor/raw-peer.ts'
import { checkRefusals, ExampleProcess } from './example-process.ts'

async function start(t: ExecutionContext) {
  const server = ExampleProcess.run(t, 'http-server', '--port', '0')
  const { port } = await server.ready()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async (method: string, path: string, body?: string) => {
    const sent = request({ port, agent, method, path })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }
  return { server, port, agent, ask }
}

test('its pages are served over one connection', async (t) => {
  const { server, agent, ask } = await start(t)
  t.like(await ask('GET', '/?a=b'), { status: 200, body: 'Carillon is here.\n' })
  t.like(await ask('HEAD', '/'), { status: 200, body: '' })
  t.like(await ask('POST', '/echo', 'ding dong'), { status: 200, body: 'ding dong' })
  t.like(await ask('GET', '/nothing'), { status: 404, body: 'There is no such page.\n' })
  const refused = await ask('POST', '/', 'x')
  t.is(refused.status, 405)
  t.is(refused.headers.allow, 'GET, HEAD')
  t.is((await ask('GET', '/echo')).headers.allow, 'POST')
  const stats = JSON.parse((await ask('GET', '/stats')).body)
  t.like(stats, { acceptedClients: 1, messagesIn: 7 })
  agent.destroy()
  t.is((await server.end()).code, 0)
})

test('who does not keep the connection has it closed', async (t) => {
  const { server, port } = await start(t)
  const peer = new RawPeer({ host: '127.0.0.1', port })
  peer.socket.write('GET / HTTP/1.0\r\n\r\n')
  await peer.untilEnded()
  peer.socket.end()
  t.regex(
    peer.received.toString(),
    /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n\r\nCarillon/s,
  )
  t.is((await server.end('SIGTERM')).code, 0)
})

test('what is refused is answered with its status, and closed', async (t) => {
  const { server, port } = await start(t)
  for (const [sent, status] of [
    ['GET / HTTP/1.1\nHost: a\n\n', '400 Bad Request'],
    ['POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n', '413 Payload Too Large'],
    [`GET /${'x'.repeat(10_000)} HTTP/1.1\r\n`, '414 URI Too Long'],
    [`GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}\r\n`, '431 Request Header Fields Too Large'],
    ['GET / HTTP/2.0\r\n\r\n', '505 HTTP Version Not Supported'],
  ] as const) {
    const peer = new RawPeer({ host: '127.0.0.1', port })
    peer.socket.write(sent)
    await peer.untilEnded()
    peer.socket.end()
    const answer = peer.received.toString()
    t.is(answer.split('\r\n')[0], `HTTP/1.1 ${status}`)
    t.true(answer.includes('\r\nConnection: close\r\n'))
  }
  t.is((await server.end()).code, 0)
})

test('a server that cannot start says why', async (t) => {
  const { port } = await start(t)
  await checkRefusals(t, 'http-server', [
    [['--port', String(port)], 1, /in use/],
    [['--port', '70000'], 2, /^port is an integer from 0 to 65535, not 70000$/m],
    [['page'], 2, /'page'/],
  ])
})
