import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { TcpEngine } from '../../src/reactor/tcp-engine.ts'
import { TlsTransport, type TlsTransportOptions } from '../../src/reactor/tls-transport.ts'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { needsTool } from '../support/needs-tool.ts'
import { type SelfSigned, selfSigned } from '../support/self-signed.ts'
import { nextTurn } from './suite/stage.ts'

const opensslTest = needsTool(test, 'openssl', 'apt-get install openssl')

class Engine extends TcpEngine {
  /** The first failure, as the log has it. */
  readonly failures: Promise<object>
  #failed = (_fields: object) => {}

  constructor(options: TlsTransportOptions) {
    const logger = pino({ hooks: { logMethod: (args) => this.#note(args) } }, { write() {} })
    super(() => new LengthPrefixedStrategy({ lengthBytes: 2 }), {
      transport: new TlsTransport(options),
      logger,
    })
    this.failures = new Promise((resolve) => {
      this.#failed = resolve
    })
  }

  #note([fields]: unknown[]): void {
    if (fields instanceof Object && 'err' in fields) this.#failed(fields)
  }
}

async function start(t: ExecutionContext, options: TlsTransportOptions) {
  const engine = new Engine(options)
  engine.init(0)
  const address = await engine.start()
  t.teardown(() => engine.stop())
  return { engine, address }
}

function dial(t: ExecutionContext, address: ListenAddress): Socket {
  const socket = connectTcp(address)
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

function dialTls(t: ExecutionContext, address: ListenAddress, own: SelfSigned, more = {}) {
  const socket: TLSSocket = connect({ ...address, ca: own.cert, ...more })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** Whatever else happens to it: `once` would take an error for its end. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}

opensslTest('what is no TLS is a failed handshake', async (t) => {
  const { engine, address } = await start(t, selfSigned())
  const socket = dial(t, address)
  socket.write('GET / HTTP/1.1\r\n\r\n')
  t.like(await engine.failures, {
    code: 'ERR_CARILLON_TLS_HANDSHAKE',
    err: { code: 'ERR_SSL_HTTP_REQUEST' },
  })
  await closed(socket)
  t.like(engine.stats(), { acceptErrors: 1, acceptedClients: 0 })
})

opensslTest('a handshake has its time', async (t) => {
  const { engine, address } = await start(t, { ...selfSigned(), handshakeTimeoutMs: 100 })
  const socket = dial(t, address)
  t.like(await engine.failures, {
    code: 'ERR_CARILLON_TLS_HANDSHAKE',
    err: { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' },
  })
  await closed(socket)
  t.is(engine.stats().acceptErrors, 1)
})

opensslTest('so many handshakes take place at a time and no more', async (t) => {
  const own = selfSigned()
  const { engine, address } = await start(t, { ...own, maxHandshakes: 2 })
  const waiting = [dial(t, address), dial(t, address)]
  await Promise.all(waiting.map((socket) => once(socket, 'connect')))
  const third = dial(t, address)
  await closed(third)
  t.like(await engine.failures, {
    code: 'ERR_CARILLON_TLS_HANDSHAKE',
    err: { message: 'more than 2 handshakes at a time' },
  })
  waiting[0]?.destroy()
  // The place is free once the server has noticed.
  let client = dialTls(t, address, own)
  while (!(await isSecure(client))) client = dialTls(t, address, own)
  while (engine.stats().acceptedClients < 1) await nextTurn()
  // A client takes no place of a handshake.
  t.true(await isSecure(dialTls(t, address, own)))
})

function isSecure(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve(true))
    socket.once('close', () => resolve(false))
  })
}

opensslTest('clients without the certificate asked for do not get in', async (t) => {
  const own = selfSigned()
  const { engine, address } = await start(t, { ...own, requestCert: true, ca: own.cert })
  const stranger = dialTls(t, address, own)
  await closed(stranger)
  t.is(engine.stats().acceptedClients, 0)
  t.is(engine.stats().acceptErrors, 1)
  const known = dialTls(t, address, own, own)
  known.end(Buffer.of(0, 0))
  await closed(known)
  t.like(engine.stats(), { acceptedClients: 1, messagesIn: 1 })
})

opensslTest('stop ends the handshakes under way', async (t) => {
  const { engine, address } = await start(t, selfSigned())
  const socket = dial(t, address)
  await once(socket, 'connect')
  const gone = closed(socket)
  await engine.stop()
  await gone
  t.is(engine.stats().acceptedClients, 0)
})

test('options out of their range are refused', (t) => {
  const refuses = (options: TlsTransportOptions) =>
    t.throws(() => new TlsTransport(options), { code: 'ERR_CARILLON_ARGUMENT' })
  refuses({ handshakeTimeoutMs: 0 })
  refuses({ maxHandshakes: 0 })
  const error = refuses({ key: 'no key', cert: 'no certificate' })
  t.regex(error?.message ?? '', /as tls\.createServer takes them: /)
  new TlsTransport({ handshakeTimeoutMs: 2 ** 31 - 1, maxHandshakes: 2 ** 20 })
  new TlsTransport({ handshakeTimeoutMs: 1, maxHandshakes: 1 })
})
