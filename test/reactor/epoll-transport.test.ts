import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { errorCode } from '../../src/errors.ts'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import type { Reactor } from '../../src/reactor/reactor.ts'
import { needsTool } from '../support/needs-tool.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Calls } from './calls.ts'
import { RawPeer } from './raw-peer.ts'
import { reactorOf } from './reactor-of.ts'
import { frames, RecordingEngine, Scene, type Setting } from './recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES } from './suite/stage.ts'

const compilerTest = needsTool(test, 'gcc', 'apt-get install build-essential')

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
const hasIpv6 = addresses.some(({ address }) => address === '::1')
const linkLocal = addresses.find(({ address }) => address.startsWith('fe80:'))

function ipv6Test(title: string, run: (t: ExecutionContext) => Promise<void>, isThere = hasIpv6) {
  if (isThere) test(title, run)
  else test.skip(`${title} (NEEDS an IPv6 address: this machine has none)`, run)
}

async function engineOn(t: ExecutionContext, host: string, port = 0, reusePort = false) {
  const engine = new RecordingEngine({}, { transport: new EpollTransport({ reusePort }) })
  t.teardown(() => engine.stop())
  engine.init(port, host)
  return { engine, address: await engine.start() }
}

async function talk(t: ExecutionContext, engine: RecordingEngine, host: string) {
  const { port = 0 } = engine.address ?? {}
  const peer = new RawPeer({ host, port })
  t.teardown(() => peer.socket.destroy())
  peer.socket.write(frames('ding'))
  await engine.untilLogged('message 1 ding')
  return { peer, client: engine.client() }
}

test('a host is a name of this machine too', async (t) => {
  const { engine, address } = await engineOn(t, 'localhost')
  t.true(['127.0.0.1', '::1'].includes(address.host))
  await talk(t, engine, address.host)
})

test('a host that is not of this machine, or not at all, is an error to listen on', async (t) => {
  const listens = (host: string) => engineOn(t, host)
  const wrong = { code: 'ERR_CARILLON_LISTEN' }
  // Of a block for documentation, and of a domain that never is.
  await t.throwsAsync(listens('192.0.2.1'), { ...wrong, message: /192\.0\.2\.1/ })
  await t.throwsAsync(listens('carillon.invalid'), { ...wrong, message: /carillon\.invalid/ })
  await t.throwsAsync(listens('1.2.3.4.5'), wrong)
  // Longer than any address, and with an interface that is none.
  const unusable = { ...wrong, message: /invalid argument/ }
  await t.throwsAsync(listens(`::1%${'0'.repeat(70)}`), unusable)
  await t.throwsAsync(listens('::1%carillon'), unusable)
})

test('a transport serves one engine at a time', async (t) => {
  const transport = new EpollTransport()
  const [first, second] = [1, 2].map(() => new RecordingEngine({}, { transport }))
  if (first === undefined || second === undefined) return t.fail()
  t.teardown(() => Promise.all([first.stop(), second.stop()]))
  for (const engine of [first, second]) engine.init(0)
  const starting = first.start()
  const refused = async () => {
    const error = await t.throwsAsync(second.start(), { code: 'ERR_CARILLON_LISTEN' })
    t.is(errorCode(error?.cause), 'ERR_CARILLON_STATE')
  }
  await refused()
  await starting
  await refused()
  await second.stop()
  await talk(t, first, '127.0.0.1')
  await first.stop()
  await t.notThrowsAsync(second.start())
})

test('a transport that could not listen may listen to something else', async (t) => {
  const engine = new RecordingEngine({}, { transport: new EpollTransport() })
  t.teardown(() => engine.stop())
  engine.init(0, '192.0.2.1')
  await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_LISTEN' })
  engine.init(0)
  await t.notThrowsAsync(engine.start())
})

test('what was accepted with a client that stops the engine is refused', async (t) => {
  const scene = await Scene.open(t, () => new EpollTransport(), {
    connected: () => void scene.engine.stop(),
  })
  // All of them wait before the loop looks.
  const [first, ...others] = Array.from({ length: 20 }, () => scene.connectOnly())
  for (const peer of others) await peer.untilReset()
  t.like(scene.engine.stats(), { acceptedClients: 1, refusedClients: others.length })
  first?.socket.end()
  t.is((await scene.engine.untilDisconnected()).kind, 'server-stopped')
})

compilerTest(
  'what ails a connection before it is accepted does not hold up the next',
  async (t) => {
    const folder = temporaryFolder(t)
    const library = join(folder, 'accept.so')
    const source = join(REPOSITORY, 'test/reactor/failing-accept.c')
    execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'failing-accept-program.js')],
      { env: { ...process.env, LD_PRELOAD: [process.env.LD_PRELOAD, library].join(' ').trim() } },
    )
    t.deepEqual(JSON.parse(stdout), { acceptErrors: 0, acceptedClients: 1 })
  },
)

ipv6Test('it listens on IPv6, and tells the addresses', async (t) => {
  const { engine, address } = await engineOn(t, '::1')
  t.is(address.host, '::1')
  const { peer, client } = await talk(t, engine, '::1')
  t.is(client.remoteAddress, `[::1]:${peer.socket.localPort}`)
})

ipv6Test('on the IPv6 wildcard IPv4 is served as well', async (t) => {
  const { engine, address } = await engineOn(t, '::')
  t.is(address.host, '::')
  const { peer, client } = await talk(t, engine, '127.0.0.1')
  t.is(client.remoteAddress, `[::ffff:127.0.0.1]:${peer.socket.localPort}`)
})

ipv6Test(
  'a link-local address has its interface with it, as Node has it',
  async (t) => {
    const name = Object.entries(networkInterfaces()).find(([, all]) =>
      all?.some(({ address }) => address === linkLocal?.address),
    )?.[0]
    const host = `${linkLocal?.address}%${name}`
    const { engine, address } = await engineOn(t, host)
    t.is(address.host, host)
    const { peer, client } = await talk(t, engine, host)
    t.is(client.remoteAddress, `[${host}]:${peer.socket.localPort}`)
  },
  linkLocal !== undefined,
)

test('with reusePort two engines share a port, and without it they do not', async (t) => {
  const first = await engineOn(t, '127.0.0.1', 0, true)
  const { port } = first.address
  const second = await engineOn(t, '127.0.0.1', port, true)
  t.is(second.address.port, port)
  await t.throwsAsync(engineOn(t, '127.0.0.1', port), { code: 'ERR_CARILLON_LISTEN' })
  const both = [first.engine, second.engine]
  const accepted = () => both.map((engine) => engine.stats().acceptedClients)
  const sum = () => accepted().reduce((all, count) => all + count)
  // Each connection goes to either by its port: that all go to one is one in 2^63 or so.
  const peers: RawPeer[] = []
  for (let count = 1; count <= 64; count++) {
    peers.push(new RawPeer(first.address))
    await Promise.race(both.map((engine) => engine.until(() => sum() === count)))
  }
  t.true(Math.min(...accepted()) > 0, `${accepted()}`)
  for (const peer of peers) peer.socket.destroy()
  await first.engine.stop()
  // Its share goes to the other one from now on.
  const before = second.engine.stats().acceptedClients
  const peer = new RawPeer(second.address)
  t.teardown(() => peer.socket.destroy())
  await second.engine.until(() => second.engine.stats().acceptedClients === before + 1)
})

test('the address of a peer that was gone before it was accepted is known', async (t) => {
  const addresses = new Calls<string>()
  const scene = await Scene.open(t, () => new EpollTransport(), {
    connected: (client) => addresses.note(client.remoteAddress),
  })
  const { port = 0 } = scene.engine.address ?? {}
  // This thread, and with it the engine, stands still meanwhile.
  const { stdout } = spawnSync(process.execPath, [
    '--eval',
    `const socket = require('node:net').connect(${port}, '127.0.0.1', () => {
      console.log(socket.localPort)
      socket.resetAndDestroy()
    })`,
  ])
  const { kind } = await scene.engine.untilDisconnected(1)
  t.is(kind, 'connection-lost')
  t.deepEqual(addresses.told, [`127.0.0.1:${stdout.toString().trim()}`])
})

test('without descriptors it rests, says so, and goes on when there are some', async (t) => {
  const program = join(import.meta.dirname, 'full-program.js')
  const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value)
  const { port } = await next()
  const peers = [1, 2].map(() => new RawPeer({ host: '127.0.0.1', port }))
  t.teardown(() => {
    for (const peer of peers) peer.socket.destroy()
  })
  const full = await next()
  t.true(full.acceptErrors >= 4)
  // One wake-up for each, and for what Node itself did not do meanwhile.
  t.true(full.wakeups <= full.acceptErrors + 1, JSON.stringify(full))
  t.is(full.acceptedClients, 0)
  child.stdin.write('make room\n')
  t.deepEqual(await next(), { acceptedClients: 2 })
  for (const peer of peers) {
    peer.socket.write(frames('ding'))
    await peer.untilReceived(frames('ding'))
  }
})

// With nothing to do, the only wake-up within an interval is the one that ends it.

const INTERVAL_US = 100_000

async function isIdle(t: ExecutionContext, reactor: Reactor): Promise<void> {
  const calls = new Calls<number>()
  const timer = reactor.timer(calls.note)
  const before = reactor.stats().wakeups
  timer.set(INTERVAL_US)
  const used = process.cpuUsage()
  await calls.untilTold(1)
  const { user, system } = process.cpuUsage(used)
  t.is(reactor.stats().wakeups - before, 1)
  t.true(user + system < INTERVAL_US / 2, `${user + system} µs of ${INTERVAL_US}`)
  timer.close()
}

async function idleScene(t: ExecutionContext, setting: Setting = {}) {
  const reactor = reactorOf(t)
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }), setting)
  const peer = await scene.connect()
  return { reactor, scene, peer, client: scene.engine.client() }
}

test.serial('a client that is silent takes no time', async (t) => {
  const { reactor } = await idleScene(t)
  await isIdle(t, reactor)
})

test.serial(
  'a paused client whose peer broke off takes no time, and is noticed later',
  async (t) => {
    const { reactor, scene, peer, client } = await idleScene(t)
    client.pause()
    peer.reset()
    await scene.settle()
    await isIdle(t, reactor)
    client.resume()
    t.is((await scene.engine.untilDisconnected(1)).kind, 'connection-lost')
  },
)

test.serial('a paused client whose peer has sent more, and its end, takes no time', async (t) => {
  const { reactor, scene, peer, client } = await idleScene(t)
  client.pause()
  peer.socket.end(frames('ding'))
  await scene.settle()
  await isIdle(t, reactor)
  client.resume()
  await scene.engine.untilLogged('message 1 ding')
  t.is((await scene.engine.untilDisconnected(1)).kind, 'peer-closed')
})

test.serial('a client that was closed and whose peer does not close takes no time', async (t) => {
  const { reactor, peer, client } = await idleScene(t)
  client.close()
  await peer.untilEnded()
  await isIdle(t, reactor)
})

test.serial('a client whose peer ended and does not read takes no time', async (t) => {
  const maxQueuedBytes = 2 * MORE_THAN_THE_KERNEL_TAKES
  const { reactor, scene, peer, client } = await idleScene(t, { options: { maxQueuedBytes } })
  peer.socket.pause()
  t.is(client.sendData(Buffer.alloc(maxQueuedBytes)), 'queued')
  peer.socket.end()
  let queuedBytes: number
  do {
    queuedBytes = client.queuedBytes
    await scene.settle()
  } while (client.queuedBytes < queuedBytes)
  t.true(queuedBytes > 0)
  await isIdle(t, reactor)
  peer.reset()
  await scene.engine.untilDisconnected(1)
  await isIdle(t, reactor)
})

test.serial(
  'a paused client that is sent to after its peer broke off is disconnected',
  async (t) => {
    const { reactor, scene, peer, client } = await idleScene(t)
    client.pause()
    peer.reset()
    await scene.settle()
    client.sendData(Buffer.from('ding'))
    t.is((await scene.engine.untilDisconnected(1)).kind, 'connection-lost')
    await isIdle(t, reactor)
  },
)
