import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { startServer } from '../support/carillon-server.ts'
import { ProtocolPeer } from '../support/protocol-peer.ts'

const BLOCK = new Uint8Array(4 * 64)
const MONO = { sampleRateHz: 48_000, channels: 1 }

/** Resolves once no core of the server holds a stream any more. */
async function noStreams(t: ExecutionContext, port: number): Promise<void> {
  const client = await CarillonClient.connect({ port })
  t.teardown(() => client.close())
  await new Promise<void>((resolve, reject) => {
    client.on('telemetry', ({ cores = [] }) => {
      if ((cores ?? []).every(({ streams }) => streams === 0)) resolve()
    })
    client.subscribe({ telemetry: true }).catch(reject)
  })
}

test('a client that sends garbage is told, closed, and disturbs nobody', async (t) => {
  const server = await startServer(t)
  const other = await ProtocolPeer.greet(t, server.port)
  other.send({ request: 1, openStream: MONO })
  const opened = await other.next()
  t.is(opened.body, 'streamOpened')
  const garbage: [Buffer, string][] = [
    [
      Buffer.from(`GET / HTTP/1.1\r\nHost: ${'carillon'.repeat(8)}\r\n\r\n`),
      'ERR_CARILLON_PROTOCOL',
    ],
    [Buffer.from([3, 0xff, 0xff, 0xff]), 'ERR_CARILLON_PROTOCOL'],
    [Buffer.alloc(16, 0xff), 'ERR_CARILLON_VARINT'],
    [Buffer.from([0]), 'ERR_CARILLON_PROTOCOL'],
  ]
  for (const [bytes, code] of garbage) {
    const peer = await ProtocolPeer.connect(t, server.port)
    peer.socket.write(bytes)
    t.true((await peer.nextError()).startsWith(code), bytes.toString('hex'))
    await peer.closed()
  }
  for (let sequence = 0; sequence < 20; sequence++) {
    other.send({ samples: { stream: 1, sequence, data: BLOCK } })
    const back = await other.next()
    t.is(back.body === 'samples' && back.samples.sequence, sequence)
  }
})

/** A varint of three bytes. */
function prefix(size: number): Buffer {
  return Buffer.from([(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14])
}

test('a frame is refused one byte over the limit, before it is sent', async (t) => {
  const server = await startServer(t)
  const limit = 1024 * 1024
  const over = await ProtocolPeer.greet(t, server.port)
  over.socket.write(prefix(limit + 1))
  t.is(await over.nextError(), 'ERR_CARILLON_MESSAGE_TOO_LARGE')
  await over.closed()
  const at = await ProtocolPeer.greet(t, server.port)
  at.socket.write(Buffer.concat([prefix(limit), Buffer.alloc(limit, 0xff)]))
  t.is(await at.nextError(), 'ERR_CARILLON_PROTOCOL', 'it is read, and is no message')
  await at.closed()
})

test('before Hello a frame is as short as Hello is', async (t) => {
  const server = await startServer(t)
  const over = await ProtocolPeer.connect(t, server.port)
  over.socket.write(prefix(1025))
  t.is(await over.nextError(), 'ERR_CARILLON_MESSAGE_TOO_LARGE')
  await over.closed()
  const at = await ProtocolPeer.connect(t, server.port)
  at.socket.write(Buffer.concat([prefix(1024), Buffer.alloc(1024, 0xff)]))
  t.is(await at.nextError(), 'ERR_CARILLON_PROTOCOL', 'it is read, and is no message')
  await at.closed()
})

test('Hello comes first, once, and in a known version', async (t) => {
  const server = await startServer(t)
  const silent = await ProtocolPeer.connect(t, server.port)
  silent.send({ request: 1, describe: {} })
  t.is(await silent.nextError(), 'ERR_CARILLON_PROTOCOL')
  await silent.closed()
  const future = await ProtocolPeer.connect(t, server.port)
  future.send({ request: 1, hello: { protocolVersion: 2 } })
  t.is(await future.nextError(), 'ERR_CARILLON_PROTOCOL_VERSION')
  await future.closed()
  const twice = await ProtocolPeer.greet(t, server.port)
  twice.send({ request: 2, hello: { protocolVersion: 1 } })
  t.is(await twice.nextError(), 'ERR_CARILLON_PROTOCOL')
  twice.send({ request: 3, describe: {} })
  t.is((await twice.next()).body, 'description', 'it is still served')
})

test('what a stream may be is checked on both sides of each limit', async (t) => {
  const server = await startServer(t)
  const peer = await ProtocolPeer.greet(t, server.port)
  const effects = (count: number) => new Array(count).fill({ name: 'gain' })
  const opens = async (fields: object) => {
    peer.send({ request: 1, openStream: { ...MONO, ...fields } })
    const answer = await peer.next()
    if (answer.body === 'error') return answer.error.code
    peer.send({ closeStream: { stream: answer.streamOpened?.stream ?? 0 } })
    return (await peer.next()).body
  }
  t.is(await opens({ channels: 8 }), 'streamClosed')
  t.is(await opens({ channels: 9 }), 'ERR_CARILLON_FORMAT')
  t.is(await opens({ channels: 0 }), 'ERR_CARILLON_FORMAT')
  t.is(await opens({ sampleRateHz: 768_000 }), 'streamClosed')
  t.is(await opens({ sampleRateHz: 768_001 }), 'ERR_CARILLON_FORMAT')
  t.is(await opens({ sampleRateHz: 1 }), 'streamClosed')
  t.is(await opens({ sampleRateHz: 0 }), 'ERR_CARILLON_FORMAT')
  t.is(await opens({ effects: effects(16) }), 'streamClosed')
  t.is(await opens({ effects: effects(17) }), 'ERR_CARILLON_LIMIT')
  t.is(await opens({ effects: [{ name: 'toString' }] }), 'ERR_CARILLON_UNKNOWN_EFFECT')
  const gain = (parameters: object[]) => ({ effects: [{ name: 'gain', parameters }] })
  t.is(await opens(gain([{ name: 'dB', values: [1] }])), 'ERR_CARILLON_UNKNOWN_PARAMETER')
  t.is(await opens(gain([{ name: 'db', values: [] }])), 'ERR_CARILLON_PARAMETER_RANGE')
  t.is(await opens(gain([{ name: 'db', values: [1, 2] }])), 'ERR_CARILLON_PARAMETER_RANGE')
  t.is(await opens(gain([{ name: 'db', values: [Number.NaN] }])), 'ERR_CARILLON_PARAMETER_RANGE')
  const lowpass = (hz: number[]) => {
    return { effects: [{ name: 'lowpass', parameters: [{ name: 'hz', values: hz }] }] }
  }
  t.is(await opens({ effects: [{ name: 'lowpass' }] }), 'ERR_CARILLON_PARAMETER_MISSING')
  t.is(await opens(lowpass([24_000])), 'ERR_CARILLON_PARAMETER_RANGE')
  t.is(await opens(lowpass([20_000])), 'streamClosed')
})

test('a client has so many streams and no more', async (t) => {
  const server = await startServer(t)
  const peer = await ProtocolPeer.greet(t, server.port)
  for (let stream = 1; stream <= 32; stream++) {
    peer.send({ request: stream, openStream: MONO })
    t.is((await peer.next()).body, 'streamOpened')
  }
  peer.send({ request: 33, openStream: MONO })
  t.is(await peer.nextError(), 'ERR_CARILLON_LIMIT')
  peer.send({ request: 34, closeStream: { stream: 7 } })
  t.is((await peer.next()).body, 'streamClosed')
  peer.send({ request: 35, openStream: MONO })
  t.is((await peer.next()).body, 'streamOpened')
})

test('the slots of a core are shared by all clients, and given back', async (t) => {
  const server = await startServer(t)
  const peers = await Promise.all([1, 2, 3, 4, 5].map(() => ProtocolPeer.greet(t, server.port)))
  let opened = 0
  let refused = ''
  for (let index = 0; refused === ''; index++) {
    const peer = peers[index % peers.length]
    peer?.send({ request: 1, openStream: MONO })
    const answer = await peer?.next()
    if (answer?.body === 'streamOpened') opened++
    else refused = answer?.error?.code ?? 'another answer'
  }
  t.is(refused, 'ERR_CARILLON_LIMIT')
  t.is(opened, LIMITS.STREAMS_MAX)
  for (const peer of peers) peer.socket.resetAndDestroy()
  await noStreams(t, server.port)
})

test('a block that is not the next one, or not of whole frames, ends its stream alone', async (t) => {
  const server = await startServer(t)
  const peer = await ProtocolPeer.greet(t, server.port)
  const open = async () => {
    peer.send({ request: 1, openStream: { ...MONO, channels: 2 } })
    const answer = await peer.next()
    return answer.streamOpened?.stream ?? 0
  }
  const good = await open()
  const wrong: [string, number, Uint8Array][] = [
    ['ERR_CARILLON_SEQUENCE', 1, BLOCK],
    ['ERR_CARILLON_FORMAT', 0, new Uint8Array(0)],
    ['ERR_CARILLON_FORMAT', 0, new Uint8Array(12)],
    ['ERR_CARILLON_FORMAT', 0, new Uint8Array(65_528)],
  ]
  for (const [code, sequence, data] of wrong) {
    const stream = await open()
    peer.send({ samples: { stream, sequence, data } })
    t.is(await peer.nextError(), code)
    peer.send({ samples: { stream, sequence: 0, data: BLOCK } })
    peer.send({ request: 5, closeStream: { stream } })
    t.is(await peer.nextError(), 'ERR_CARILLON_UNKNOWN_STREAM')
  }
  peer.send({ samples: { stream: 99, sequence: 0, data: BLOCK } })
  t.is(await peer.nextError(), 'ERR_CARILLON_UNKNOWN_STREAM')
  peer.send({ samples: { stream: good, sequence: 0, data: new Uint8Array(65_520) } })
  const back = await peer.next()
  t.is(back.samples?.data?.length, 65_520, 'the longest block')
})

test('a client that vanishes leaves no stream behind', async (t) => {
  const server = await startServer(t)
  for (let round = 0; round < 5; round++) {
    const peer = await ProtocolPeer.greet(t, server.port)
    peer.send({ request: 1, openStream: MONO })
    t.is((await peer.next()).body, 'streamOpened')
    for (let sequence = 0; sequence < 200; sequence++) {
      peer.send({ samples: { stream: 1, sequence, data: new Uint8Array(16_384) } })
    }
    await peer.next()
    peer.socket.resetAndDestroy()
  }
  await noStreams(t, server.port)
})

test('a client that reads nothing is not read from, and nobody waits for it', async (t) => {
  const server = await startServer(t)
  const peer = await ProtocolPeer.greet(t, server.port)
  const lazy = await ProtocolPeer.greet(t, server.port, 'lazy')
  lazy.send({ request: 1, openStream: MONO })
  await lazy.next()
  lazy.socket.pause()
  const data = new Uint8Array(65_520)
  let sequence = 0
  // As much as is taken: everything that fits between the two, and no more.
  while (sequence < 4000) {
    lazy.send({ samples: { stream: 1, sequence, data } })
    sequence++
    if (lazy.socket.writableNeedDrain && (await stalls(lazy, peer))) break
  }
  t.true(sequence < 4000, 'the server stopped reading')
  peer.send({ request: 9, openStream: MONO })
  t.is((await peer.next()).body, 'streamOpened')
  peer.send({ samples: { stream: 1, sequence: 0, data } })
  t.is((await peer.next()).body, 'samples')
  lazy.socket.resume()
  for (let back = 0; back < sequence; back++) {
    const message = await lazy.next()
    if (message.body !== 'samples' || message.samples.sequence !== back) {
      t.fail(`block ${back} is ${message.body} ${message.samples?.sequence}`)
      break
    }
  }
})

/** Whether the server takes nothing from one client while it answers another a hundred times. */
async function stalls(lazy: ProtocolPeer, busy: ProtocolPeer): Promise<boolean> {
  for (let round = 0; round < 100; round++) {
    if (!lazy.socket.writableNeedDrain) return false
    busy.send({ request: 2, describe: {} })
    await busy.next()
  }
  return lazy.socket.writableNeedDrain
}
