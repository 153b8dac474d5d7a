import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { ListenError, StateError } from '../../src/reactor/errors.ts'
import { ConsoleUnavailableError } from '../../src/server/errors.ts'
import { WEB_LIMITS } from '../../src/server/limits.ts'
import { WebGateway, type WebGatewayOptions } from '../../src/server/web-gateway.ts'
import { freePort } from '../support/free-port.ts'
import { gatewayTest } from '../support/needs-uwebsockets.ts'
import { PAGE_FILES, pageFolder } from '../support/page-folder.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { RecordingPeers } from '../support/recording-peers.ts'
import { REPOSITORY } from '../support/repository.ts'
import { UpgradeRefused, WebSocketClient } from '../support/websocket-client.ts'

/** A running gateway over a page of test files, stopped after the test. */
async function startGateway(t: ExecutionContext, options: Partial<WebGatewayOptions> = {}) {
  const peers = new RecordingPeers()
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: 0,
    root: pageFolder(t),
    connect: peers.connect,
    ...options,
  })
  const { port } = await gateway.start()
  t.teardown(() => gateway.stop())
  return { gateway, peers, port }
}

async function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; body: string }> {
  const asked = request({ host: '127.0.0.1', port, path, agent: false, ...options })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, headers: response.headers, body }
}

gatewayTest('the page and its parts are served, each with its type', async (t) => {
  const { port } = await startGateway(t)
  for (const [path, file, type] of [
    ['/', 'index.html', 'text/html; charset=utf-8'],
    ['/?from=bookmark', 'index.html', 'text/html; charset=utf-8'],
    ['/console.js', 'console.js', 'text/javascript; charset=utf-8'],
    ['/console.css', 'console.css', 'text/css; charset=utf-8'],
    ['/favicon.svg', 'favicon.svg', 'image/svg+xml'],
  ] as const) {
    const { status, headers, body } = await ask(port, path)
    t.is(status, 200, path)
    t.is(body, file)
    t.is(headers['content-type'], type)
    t.is(headers['cache-control'], 'no-cache')
    t.is(headers['x-content-type-options'], 'nosniff')
  }
})

gatewayTest('nothing but the page itself may run, and nothing may frame it', async (t) => {
  const { port } = await startGateway(t)
  const { headers } = await ask(port, '/')
  const policy = String(headers['content-security-policy'])
  t.regex(policy, /default-src 'none'/)
  t.regex(policy, /script-src 'self'(;|$)/)
  t.regex(policy, /style-src 'self'(;|$)/)
  t.regex(policy, /frame-ancestors 'none'/)
  t.notRegex(policy, /unsafe/)
})

gatewayTest('HEAD answers with the headers of GET', async (t) => {
  const { port } = await startGateway(t)
  for (const path of ['/', '/nowhere']) {
    const got = await ask(port, path)
    const head = await ask(port, path, { method: 'HEAD' })
    t.is(head.status, got.status)
    t.is(head.body, '')
    t.deepEqual({ ...head.headers, date: '' }, { ...got.headers, date: '' })
  }
})

gatewayTest('a connection ends behind its answer', async (t) => {
  const { port } = await startGateway(t)
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let answers = ''
  socket.on('data', (chunk) => {
    answers += chunk.toString('latin1')
  })
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  // The server's side: this one has not closed its own.
  await once(socket, 'end')
  t.is(answers.split('HTTP/1.1 200 OK').length - 1, 1)
})

gatewayTest('no path leads out of the page', async (t) => {
  const { port } = await startGateway(t)
  for (const path of [
    '/index.html/..',
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/console.js/../../package.json',
    '//etc/passwd',
    '/console.js.map',
    '/console.js%00',
    '/constructor',
    '/__proto__',
    '/ws',
  ]) {
    const { status, body } = await ask(port, path)
    t.is(status, 404, path)
    t.is(body, 'There is no such page\n')
  }
})

gatewayTest('there is nothing to do but read', async (t) => {
  const { port } = await startGateway(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await ask(port, '/', { method })
    t.is(status, 405, method)
    t.is(headers.allow, 'GET, HEAD')
  }
})

gatewayTest('on loopback, only names of this machine are answered', async (t) => {
  const { port } = await startGateway(t)
  for (const host of ['localhost', `127.0.0.1:${port}`, '[::1]:9000']) {
    t.is((await ask(port, '/', { headers: { host } })).status, 200, host)
  }
  // DNS rebinding: a name of the attacker's that leads here.
  for (const host of ['evil.example', `evil.example:${port}`, '192.168.1.2']) {
    t.is((await ask(port, '/', { headers: { host } })).status, 403, host)
    await t.throwsAsync(
      WebSocketClient.connect({ port, headers: { host, origin: `http://${host}` } }),
      { instanceOf: UpgradeRefused, message: /403/ },
    )
  }
})

gatewayTest('on all addresses, whatever name leads here is answered', async (t) => {
  const { port } = await startGateway(t, { host: '0.0.0.0' })
  const headers = { host: `board.example:${port}`, origin: `http://board.example:${port}` }
  t.is((await ask(port, '/', { headers })).status, 200)
  const client = await WebSocketClient.connect({ port, headers })
  client.close()
})

gatewayTest('pages of other origins get no WebSocket', async (t) => {
  const { port, gateway } = await startGateway(t)
  const host = `localhost:${port}`
  for (const origin of ['http://evil.example', `http://localhost:${port + 1}`, 'null']) {
    await t.throwsAsync(WebSocketClient.connect({ port, headers: { host, origin } }), {
      instanceOf: UpgradeRefused,
      message: /403/,
    })
  }
  t.is(gateway.connections, 0)
  const own = await WebSocketClient.connect({ port, headers: { host, origin: `http://${host}` } })
  t.is(gateway.connections, 1)
  own.close()
})

gatewayTest('however many are refused, the log tells once a second at most', async (t) => {
  const { logger, lines } = recordingLogger()
  const { port, gateway } = await startGateway(t, { logger })
  const headers = { host: `localhost:${port}`, origin: 'http://evil.example' }
  const startedAtMs = performance.now()
  for (let i = 0; i < 50; i++) {
    await t.throwsAsync(WebSocketClient.connect({ port, headers }), { message: /403/ })
  }
  await gateway.stop()
  const seconds = (performance.now() - startedAtMs) / 1000
  const told = lines.filter(({ msg }) => msg === 'a WebSocket from another site was refused')
  t.like(told[0], { level: 40, host: headers.host, origin: headers.origin })
  t.true(told.length <= 2 + seconds, `${told.length} lines in ${seconds} s`)
  const counted = told.map(({ leftOut = 0 }) => 1 + Number(leftOut))
  t.is(
    counted.reduce((sum, count) => sum + count),
    50,
    'and none is left uncounted',
  )
})

gatewayTest('only /ws is a WebSocket', async (t) => {
  const { port } = await startGateway(t)
  for (const path of ['/', '/ws/', '/wss', '/console.js']) {
    await t.throwsAsync(WebSocketClient.connect({ port, path }), { instanceOf: UpgradeRefused })
  }
})

gatewayTest('one connection too many is refused, and welcome when another has left', async (t) => {
  const { port, peers, gateway } = await startGateway(t)
  const clients = await Promise.all(
    Array.from({ length: WEB_LIMITS.maxConnections }, () => WebSocketClient.connect({ port })),
  )
  await t.throwsAsync(WebSocketClient.connect({ port }), {
    instanceOf: UpgradeRefused,
    message: /503/,
  })
  clients[0]?.close()
  await peers.until(() => peers.all.some(({ closes }) => closes > 0))
  t.is(gateway.connections, WEB_LIMITS.maxConnections - 1)
  await t.notThrowsAsync(WebSocketClient.connect({ port }))
})

gatewayTest('stop closes the port and every WebSocket, and tells each peer once', async (t) => {
  const { port, peers, gateway } = await startGateway(t, { port: await freePort() })
  const clients = await Promise.all([1, 2, 3].map(() => WebSocketClient.connect({ port })))
  await gateway.stop()
  t.deepEqual(
    peers.all.map(({ closes }) => closes),
    [1, 1, 1],
  )
  t.is(gateway.connections, 0)
  for (const client of clients) {
    t.deepEqual(await client.closed, { code: 1001, reason: 'The server stops' })
  }
  await t.throwsAsync(ask(port, '/'), { code: 'ECONNREFUSED' })
  await gateway.stop()
  t.deepEqual(
    peers.all.map(({ closes }) => closes),
    [1, 1, 1],
  )
})

gatewayTest('a stopped gateway starts again, on the same port', async (t) => {
  const port = await freePort()
  const { gateway, peers } = await startGateway(t, { port })
  for (let round = 0; round < 3; round++) {
    const client = await WebSocketClient.connect({ port })
    ;(await peers.at(round)).peer.send(Buffer.from(`round ${round}`))
    t.is(String(await client.next()), `round ${round}`)
    await gateway.stop()
    t.deepEqual(await gateway.start(), { host: '127.0.0.1', port })
  }
})

gatewayTest('a stop while it starts leaves it stopped', async (t) => {
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: await freePort(),
    root: pageFolder(t),
    connect: new RecordingPeers().connect,
  })
  const starting = gateway.start()
  await gateway.stop()
  const { port } = await starting
  await t.throwsAsync(ask(port, '/'), { code: 'ECONNREFUSED' })
})

gatewayTest('a second start is refused, and leaves the first as it is', async (t) => {
  const { gateway, port } = await startGateway(t)
  await t.throwsAsync(gateway.start(), { instanceOf: StateError, code: 'ERR_CARILLON_STATE' })
  t.is((await ask(port, '/')).status, 200)
})

gatewayTest('a port in use is an error that says so', async (t) => {
  const { port } = await startGateway(t)
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  // Of another gateway, which would share it if it could, and of any program.
  for (const taken of [port, (other.address() as AddressInfo).port]) {
    const late = new WebGateway({
      host: '127.0.0.1',
      port: taken,
      root: pageFolder(t),
      connect: new RecordingPeers().connect,
    })
    const error = await t.throwsAsync(late.start(), {
      instanceOf: ListenError,
      code: 'ERR_CARILLON_LISTEN',
      message: new RegExp(`127\\.0\\.0\\.1 port ${taken}: .*already in use`),
    })
    t.is((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
  }
})

gatewayTest('an address that this machine does not have is an error that says so', async (t) => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    await t.throwsAsync(startGateway(t, { host }), {
      instanceOf: ListenError,
      code: 'ERR_CARILLON_LISTEN',
      message: new RegExp(`cannot listen on ${host.replaceAll('.', '\\.')}`),
    })
  }
})

gatewayTest('a gateway that failed to start can be started later', async (t) => {
  const occupant = await startGateway(t, { port: await freePort() })
  const late = new WebGateway({
    host: '127.0.0.1',
    port: occupant.port,
    root: pageFolder(t),
    connect: new RecordingPeers().connect,
  })
  t.teardown(() => late.stop())
  await t.throwsAsync(late.start(), { code: 'ERR_CARILLON_LISTEN' })
  await occupant.gateway.stop()
  t.is((await late.start()).port, occupant.port)
})

gatewayTest('without a built page it says how to build it', async (t) => {
  for (const name of PAGE_FILES) {
    const root = pageFolder(t)
    rmSync(join(root, name))
    await t.throwsAsync(startGateway(t, { root }), {
      instanceOf: ConsoleUnavailableError,
      code: 'ERR_CARILLON_CONSOLE_UNAVAILABLE',
      message: /is not built: .* To build it: node scripts\/build-web\.mjs/,
    })
  }
})

gatewayTest('nothing of a stopped gateway keeps its process alive', async (t) => {
  const gatewayModule = pathToFileURL(join(REPOSITORY, 'dist/src/server/web-gateway.js')).href
  const clientModule = pathToFileURL(join(REPOSITORY, 'dist/test/support/websocket-client.js')).href
  const program = `
    import { WebGateway } from ${JSON.stringify(gatewayModule)}
    import { WebSocketClient } from ${JSON.stringify(clientModule)}
    const noEvents = { onMessage() {}, onDrain() {}, onError() {}, onClose() {} }
    const root = ${JSON.stringify(pageFolder(t))}
    const gateway = new WebGateway({ host: '127.0.0.1', port: 0, root, connect: () => noEvents })
    const { port } = await gateway.start()
    await WebSocketClient.connect({ port })
    await gateway.stop()
    console.log('stopped')
  `
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  t.is((await run).stdout, 'stopped\n')
})

test('the built page asks for nothing but what is served with it', (t) => {
  const html = readFileSync(join(REPOSITORY, 'web/index.html'), 'utf8')
  const asked = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, url]) => url)
  t.deepEqual(new Set(asked), new Set(['/favicon.svg', '/console.css', '/console.js']))
  t.notRegex(html, /<script>|<style|style="|\son\w+="/)
})
