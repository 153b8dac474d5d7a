import test, { type ExecutionContext } from 'ava'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { HIGHEST_REGISTERED_BYTES } from '../../src/reactor/limits.ts'
import type { Reactor } from '../../src/reactor/reactor.ts'
import type { TcpClient } from '../../src/reactor/tcp-client.ts'
import type { RawPeer } from './raw-peer.ts'
import { reactorOf } from './reactor-of.ts'
import { pattern, Scene } from './recording-engine.ts'
import { MORE_THAN_THE_KERNEL_TAKES } from './suite/stage.ts'

const EXIST = { code: 'EEXIST' }

/** A client, its peer, and a reactor of their own. */
async function connected(
  t: ExecutionContext,
): Promise<{ reactor: Reactor; scene: Scene; client: TcpClient; peer: RawPeer }> {
  const reactor = reactorOf(t)
  const options = { maxQueuedBytes: 2 * MORE_THAN_THE_KERNEL_TAKES }
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }), { options })
  const peer = await scene.connect()
  return { reactor, scene, client: scene.engine.client(), peer }
}

function shared(bytes: Buffer): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length))
  memory.set(bytes)
  return memory
}

test('what lies in registered memory is sent from there, without a copy', async (t) => {
  const { reactor, client, peer } = await connected(t)
  for (const memory of [new Uint8Array(64), shared(Buffer.alloc(64))]) {
    const received = peer.receivedBytes
    reactor.registerMemory(memory)
    memory.fill(1)
    t.is(client.sendData(memory.subarray(8, 16)), 'sent')
    // No copy was made yet.
    memory.fill(2)
    reactor.flush()
    // Nothing is read from there any more.
    memory.fill(3)
    await peer.until(() => peer.receivedBytes >= received + 8)
    t.deepEqual(peer.received.subarray(received), Buffer.alloc(8, 2))
  }
})

test('what lies elsewhere is copied when it is sent', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const buffer = new ArrayBuffer(96)
  const memory = new Uint8Array(buffer, 32, 32)
  reactor.registerMemory(memory)
  // In the same ArrayBuffer, but not, or not wholly, within the registered part.
  const outside = [
    new Uint8Array(buffer, 0, 32),
    new Uint8Array(buffer, 16, 32),
    new Uint8Array(buffer, 48, 32),
    new Uint8Array(32),
  ]
  for (const chunk of outside) {
    chunk.fill(1)
    t.is(client.sendData(chunk), 'sent')
    chunk.fill(2)
  }
  reactor.flush()
  await peer.untilReceived(Buffer.alloc(128, 1))
})

test('what is lent is sent from where it lies, behind a copy of its head', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const buffer = new ArrayBuffer(128)
  reactor.registerMemory(new Uint8Array(buffer, 32, 64))
  // A view of the registered part, of more than that, and of it and what is before it.
  for (const [from, isWithin] of [
    [32, true],
    [64, true],
    [16, false],
    [88, false],
  ] as const) {
    const memory = new Uint8Array(buffer, from, 24).fill(1)
    const head = Uint8Array.of(7, 8)
    const received = peer.receivedBytes
    t.is(client.sendLent(head, memory, 4, 20), 'sent')
    head.fill(0)
    memory.fill(2)
    reactor.flush()
    memory.fill(3)
    await peer.until(() => peer.receivedBytes >= received + 18)
    const sent = Buffer.concat([Buffer.of(7, 8), Buffer.alloc(16, isWithin ? 2 : 1)])
    t.deepEqual(peer.received.subarray(received), sent, `from ${from}`)
  }
})

test('of what is lent, what the kernel has no room for is a copy once that is known', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const bytes = pattern(MORE_THAN_THE_KERNEL_TAKES)
  const memory = new Uint8Array(bytes)
  reactor.registerMemory(memory)
  peer.socket.pause()
  const half = MORE_THAN_THE_KERNEL_TAKES / 2
  t.is(client.sendLent(Uint8Array.of(1), memory, 0, half), 'sent')
  t.is(client.sendLent(Uint8Array.of(2), memory, half, memory.length), 'sent')
  reactor.flush()
  t.true(client.queuedBytes > 0)
  // Behind what is queued, at once.
  t.is(client.sendLent(Uint8Array.of(3), memory, 0, 8), 'queued')
  memory.fill(0)
  peer.socket.resume()
  const parts = [[1], bytes.subarray(0, half), [2], bytes.subarray(half), [3], bytes.subarray(0, 8)]
  await peer.untilReceived(Buffer.concat(parts.map((part) => Buffer.from(part))))
})

test('what is lent may be more than one flush can list', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const bytes = pattern(1000)
  const memory = new Uint8Array(bytes)
  reactor.registerMemory(memory)
  const times = 6000
  for (let time = 0; time < times; time++) {
    t.is(client.sendLent(Uint8Array.of(time), memory, 100, 300), 'sent')
  }
  const all = Array.from({ length: times }, (_, time) => [
    Buffer.of(time & 0xff),
    bytes.subarray(100, 300),
  ])
  await peer.untilReceived(Buffer.concat(all.flat()))
  reactor.unregisterMemory(memory)
  memory.fill(1)
  client.sendLent(Uint8Array.of(9), memory, 0, 2)
  memory.fill(2)
  await peer.untilReceived(Buffer.concat([...all.flat(), Buffer.of(9, 1, 1)]))
})

test('memory is kept where the peer does not read, and what waits is a copy', async (t) => {
  const { reactor, scene, client, peer } = await connected(t)
  const bytes = pattern(MORE_THAN_THE_KERNEL_TAKES)
  const memory = new Uint8Array(bytes)
  reactor.registerMemory(memory)
  peer.socket.pause()
  // In pieces: the kernel takes some of them, and the rest is queued.
  let at = 0
  while (client.queuedBytes === 0 && at < memory.length) {
    const end = at + 65_536
    client.sendData(memory.subarray(at, end))
    at = end
  }
  reactor.flush()
  t.true(client.queuedBytes > 0)
  memory.fill(0)
  peer.socket.resume()
  await peer.untilReceived(bytes.subarray(0, at))
  t.is(scene.engine.stats().bytesOut, at)
})

test('one turn may send more than one flush can list', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const bytes = pattern(1000)
  const memory = new Uint8Array(bytes)
  reactor.registerMemory(memory)
  const times = 6000
  for (let time = 0; time < times; time++) {
    // Two pieces that do not lie one behind the other.
    client.sendData(memory.subarray(500), memory.subarray(0, 500))
  }
  const once = Buffer.concat([bytes.subarray(500), bytes.subarray(0, 500)])
  const all = Buffer.concat(Array.from({ length: times }, () => once))
  await t.notThrowsAsync(peer.untilReceived(all))
})

test('64 memories are registered and no more', (t) => {
  const reactor = reactorOf(t)
  const memories = Array.from({ length: 65 }, () => new Uint8Array(8))
  const [last = new Uint8Array(), first = new Uint8Array()] = [memories.pop(), memories[0]]
  for (const memory of memories) reactor.registerMemory(memory)
  t.throws(() => reactor.registerMemory(last), { code: 'ENOSPC' })
  reactor.unregisterMemory(last)
  reactor.unregisterMemory(first)
  reactor.unregisterMemory(first)
  reactor.registerMemory(last)
  t.throws(() => reactor.registerMemory(first), { code: 'ENOSPC' })
})

test('an ArrayBuffer is registered once', (t) => {
  const reactor = reactorOf(t)
  const memory = new Uint8Array(16)
  reactor.registerMemory(memory)
  t.throws(() => reactor.registerMemory(memory), EXIST)
  t.throws(() => reactor.registerMemory(memory.subarray(8)), EXIST)
  // Which is not the one that is registered.
  reactor.unregisterMemory(memory.subarray(8))
  t.throws(() => reactor.registerMemory(memory), EXIST)
  reactor.unregisterMemory(memory)
  t.notThrows(() => reactor.registerMemory(memory.subarray(8)))
})

test('memory of up to 2 GiB less a byte is registered', (t) => {
  const reactor = reactorOf(t)
  // Never touched: no page of it is there.
  const buffer = new SharedArrayBuffer(HIGHEST_REGISTERED_BYTES + 1)
  const wrong = { code: 'ERR_CARILLON_ARGUMENT', message: /memory.length/ }
  t.throws(() => reactor.registerMemory(new Uint8Array(buffer)), wrong)
  t.notThrows(() => reactor.registerMemory(new Uint8Array(buffer, 1)))
})

test('to unregister sends what lies there first', async (t) => {
  const { reactor, client, peer } = await connected(t)
  const memory = new Uint8Array(8).fill(1)
  reactor.registerMemory(memory)
  client.sendData(memory)
  reactor.unregisterMemory(memory)
  memory.fill(2)
  await t.notThrowsAsync(peer.untilReceived(Buffer.alloc(8, 1)))
})

test('memory that was given away breaks the connection that was to send it', async (t) => {
  const { reactor, scene, client, peer } = await connected(t)
  const other = await scene.connect()
  const memory = new Uint8Array(8).fill(1)
  reactor.registerMemory(memory)
  client.sendData(memory)
  scene.engine.client(2).sendData(Buffer.from('ding'))
  structuredClone(memory, { transfer: [memory.buffer] })
  const { kind, error } = await scene.engine.untilDisconnected(1)
  t.is(kind, 'connection-lost')
  t.is(error?.code, 'ERR_CARILLON_DETACHED')
  t.is(client.stats().unsentBytes, 8)
  await other.untilReceived(Buffer.from('ding'))
  await peer.untilEnded()
  reactor.unregisterMemory(memory)
})

test('memory that became smaller breaks the connection that was to send it', async (t) => {
  const { reactor, scene, client } = await connected(t)
  // Of ECMAScript 2024, which the types of Node 20 do not know.
  const buffer: ArrayBuffer & { resize(bytes: number): void } = Reflect.construct(ArrayBuffer, [
    64,
    { maxByteLength: 64 },
  ])
  const memory = new Uint8Array(buffer)
  reactor.registerMemory(memory)
  client.sendData(memory)
  buffer.resize(8)
  t.is((await scene.engine.untilDisconnected(1)).kind, 'connection-lost')
  // What was left is still there to be sent.
  const peer = await scene.connect()
  scene.engine.client(2).sendData(memory)
  await peer.untilReceived(Buffer.alloc(8))
})

test('a chunk that is queued and then given away breaks its connection', async (t) => {
  for (const which of [0, 1]) {
    const { scene, client, peer } = await connected(t)
    peer.socket.pause()
    const chunks = [MORE_THAN_THE_KERNEL_TAKES, 8].map((bytes) => new Uint8Array(bytes))
    t.is(client.sendData(...chunks), 'queued')
    const { queuedBytes } = client
    const [chunk = new Uint8Array()] = chunks.splice(which, 1)
    structuredClone(chunk, { transfer: [chunk.buffer] })
    peer.socket.resume()
    const { kind, error } = await scene.engine.untilDisconnected(1)
    t.is(kind, 'connection-lost')
    t.is(error?.code, 'ERR_CARILLON_DETACHED')
    t.true(queuedBytes >= client.stats().unsentBytes && client.stats().unsentBytes > 0)
    t.is(client.sendData(Buffer.from('ding')), 'dropped')
  }
})

test('what is registered is a Uint8Array', (t) => {
  const reactor = reactorOf(t)
  for (const wrong of [
    'ding',
    null,
    [1],
    {},
    new Uint16Array(4),
    new DataView(new ArrayBuffer(4)),
  ]) {
    t.throws(() => reactor.registerMemory(wrong as Uint8Array), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})
