import { once } from 'node:events'
import test from 'ava'
import fc from 'fast-check'
import type { ClientMessage } from '../../proto/messages.ts'
import type { ClientStream, StreamBlock } from '../../src/client/client-stream.ts'
import { samplesOf } from '../../src/client/float-bytes.ts'
import { connectToFake, type FakePeer } from '../support/fake-server.ts'
import { floatBytes, floatsOf } from '../support/wav-bytes.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** The server leaves these for the test to answer. */
const ignoring =
  (...bodies: ClientMessage['body'][]) =>
  ({ body }: ClientMessage) =>
    bodies.includes(body)

async function blocksOf(stream: ClientStream): Promise<StreamBlock[]> {
  const blocks: StreamBlock[] = []
  for await (const block of stream) blocks.push(block)
  return blocks
}

/** Returns the block of this number as it was sent. */
function giveBack(peer: FakePeer, sequence: number): void {
  const sent = peer.received.find(
    ({ body, samples }) => body === 'samples' && samples?.sequence === sequence,
  )
  if (sent === undefined) throw new Error(`block ${sequence} was not sent`)
  peer.behave(sent)
}

test('a stream is opened with its effects in order', async (t) => {
  const { client, peer } = await connectToFake(t)
  const stream = await client.openStream({
    ...{ sampleRateHz: 44_100, channels: 2 },
    effects: [
      { name: 'lowpass', parameters: { hz: 1000, q: 0.7 } },
      { name: 'fir', parameters: { taps: [0.25, 0.5] } },
      { name: 'fir', parameters: { taps: new Float64Array([1]) } },
      { name: 'bypass' },
    ],
  })
  t.is(stream.id, 1)
  t.is(stream.maxBlockFrames, 4096)
  const { openStream } = await peer.got('openStream')
  t.is(openStream?.sampleRateHz, 44_100)
  t.is(openStream?.channels, 2)
  const effects = openStream?.effects?.map(({ name, parameters }) => [
    name,
    ...(parameters ?? []).map(({ name, values }) => [name, values]),
  ])
  t.deepEqual(effects, [
    ['lowpass', ['hz', [1000]], ['q', [0.7]]],
    ['fir', ['taps', [0.25, 0.5]]],
    ['fir', ['taps', [1]]],
    ['bypass'],
  ])
})

test('blocks come back in order, with their round trip', async (t) => {
  const { client } = await connectToFake(t, { transform: (data) => data.map((byte) => byte ^ 1) })
  const stream = await client.openStream(MONO)
  const reading = blocksOf(stream)
  for (let i = 0; i < 100; i++) await stream.send(new Float32Array(1 + (i % 7)).fill(i))
  t.deepEqual(await stream.close(), { blocksIn: 100, blocksOut: 100, blocksLost: 0 })
  const blocks = await reading
  t.deepEqual(
    blocks.map(({ sequence }) => sequence),
    Array.from({ length: 100 }, (_, i) => i),
  )
  for (const { sequence, data, roundTripMs, lost } of blocks) {
    const sent = floatBytes(new Array(1 + (sequence % 7)).fill(sequence))
    t.deepEqual(Buffer.from(data), Buffer.from(sent.map((byte) => byte ^ 1)))
    t.true(roundTripMs > 0)
    t.is(lost, 0)
  }
})

test('any blocks sent as bytes or numbers come back as they were', async (t) => {
  const { client } = await connectToFake(t)
  const blocks = fc.array(fc.float32Array({ minLength: 1, maxLength: 300 }), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(blocks, fc.integer({ min: 1, max: 20 }), async (sent, window) => {
      const stream = await client.openStream({ ...MONO, window })
      const reading = blocksOf(stream)
      for (const [i, block] of sent.entries()) {
        await stream.send(i % 2 === 0 ? block : floatBytes(block))
      }
      await stream.close()
      t.deepEqual(
        (await reading).map(({ data }) => samplesOf(data)),
        sent,
      )
    }),
    { numRuns: 30 },
  )
})

test('many streams on one connection each get their own', async (t) => {
  const { client } = await connectToFake(t)
  const streams = await Promise.all(Array.from({ length: 10 }, () => client.openStream(MONO)))
  await Promise.all(
    streams.map(async (stream, number) => {
      const reading = blocksOf(stream)
      for (let i = 0; i < 50; i++) await stream.send(new Float32Array([number, i]))
      await stream.close()
      const got = (await reading).map(({ data }) => floatsOf(data))
      t.deepEqual(
        got,
        Array.from({ length: 50 }, (_, i) => [number, i]),
      )
    }),
  )
})

test('no more blocks are on their way than the window allows', async (t) => {
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
  const seen: number[] = []
  const onBlock = ({ sequence }: StreamBlock) => seen.push(sequence)
  const stream = await client.openStream({ ...MONO, window: 3, onBlock })
  const sent: number[] = []
  const sending = [0, 1, 2, 3, 4].map((i) =>
    stream.send(new Float32Array([i])).then(() => sent.push(i)),
  )
  await Promise.all(sending.slice(0, 3))
  await client.describe()
  t.deepEqual(sent, [0, 1, 2])
  giveBack(peer, 0)
  await sending[3]
  await client.describe()
  t.deepEqual(sent, [0, 1, 2, 3])
  t.deepEqual(seen, [0])
  giveBack(peer, 1)
  await sending[4]
  t.is(peer.received.filter(({ body }) => body === 'samples').length <= 5, true)
})

test('who does not wait is refused when 1024 blocks wait, and the stream goes on', async (t) => {
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
  const stream = await client.openStream({ ...MONO, window: 2, onBlock: () => {} })
  const send = (i: number) => stream.send(new Float32Array([i]))
  const taken = Array.from({ length: 2 + 1024 }, (_, i) => send(i))
  t.is(stream.blocksRefused, 0)
  await t.throwsAsync(() => send(-1), {
    code: 'ERR_CARILLON_BACKLOG',
    message: /^1024 blocks of a stream to 127\.0\.0\.1:\d+ wait already; wait for each send/,
  })
  t.is(stream.blocksRefused, 1)
  // One comes back: there is room for one.
  await client.describe()
  giveBack(peer, 0)
  await taken[2]
  taken.push(send(2 + 1024))
  await t.throwsAsync(() => send(-1), { code: 'ERR_CARILLON_BACKLOG' })
  t.is(stream.blocksRefused, 2)
  for (let i = 1; i < taken.length; i++) {
    await taken[i]
    await client.describe()
    giveBack(peer, i)
  }
  t.like(await stream.close(), { blocksLost: 0 })
  const sent = peer.received.flatMap(({ samples }) => (samples?.data ? floatsOf(samples.data) : []))
  t.deepEqual(
    sent,
    Array.from({ length: taken.length }, (_, i) => i),
  )
})

test('blocks that nobody has read yet count in the window', async (t) => {
  const { client } = await connectToFake(t)
  const stream = await client.openStream({ ...MONO, window: 2 })
  await stream.send(new Float32Array([0]))
  await stream.send(new Float32Array([1]))
  let isSent = false
  const third = stream.send(new Float32Array([2])).then(() => {
    isSent = true
  })
  // By the second answer both blocks have come back.
  await client.describe()
  await client.describe()
  t.false(isSent)
  const reader = stream[Symbol.asyncIterator]()
  t.like(await reader.next(), { value: { sequence: 0 } })
  await third
  t.true(isSent)
})

test('a reader that stops does not stop the sender', async (t) => {
  const { client } = await connectToFake(t)
  const stream = await client.openStream({ ...MONO, window: 2 })
  const reading = (async () => {
    for await (const _ of stream) break
  })()
  for (let i = 0; i < 20; i++) await stream.send(new Float32Array([i]))
  await reading
  t.like(await stream.close(), { blocksOut: 20, blocksLost: 0 })
})

test('blocks can be read by one reader only', async (t) => {
  const { client } = await connectToFake(t)
  const stream = await client.openStream(MONO)
  const reading = blocksOf(stream)
  await t.throwsAsync(() => blocksOf(stream), { code: 'ERR_CARILLON_ARGUMENT' })
  await stream.close()
  await reading
  const called = await client.openStream({ ...MONO, onBlock: () => {} })
  await t.throwsAsync(() => blocksOf(called), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('blocks that are missing are counted, between others and at the end', async (t) => {
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
  const stream = await client.openStream(MONO)
  for (let i = 0; i < 6; i++) await stream.send(new Float32Array([i]))
  await client.describe()
  for (const sequence of [0, 2, 4]) giveBack(peer, sequence)
  await client.describe()
  t.is(stream.blocksLost, 2)
  t.like(await stream.close(), { blocksLost: 3 })
  const got = (await blocksOf(stream)).map(({ sequence, lost }) => [sequence, lost])
  t.deepEqual(got, [
    [0, 0],
    [2, 1],
    [4, 1],
  ])
})

for (const [what, order] of [
  ['one that has been returned', [0, 0]],
  ['one that was passed over', [1, 0]],
] as const) {
  test(`a block out of order ends the connection: ${what}`, async (t) => {
    const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
    const stream = await client.openStream(MONO)
    for (let i = 0; i < 3; i++) await stream.send(new Float32Array([i]))
    await client.describe()
    const over = once(client, 'close')
    for (const sequence of order) giveBack(peer, sequence)
    const [reason] = await over
    t.is(reason.code, 'ERR_CARILLON_PROTOCOL')
    t.regex(reason.message, /returned block 0 where/)
    await t.throwsAsync(() => blocksOf(stream), { code: 'ERR_CARILLON_PROTOCOL' })
  })
}

for (const [what, samples, says] of [
  ['that was never sent', { stream: 1, sequence: 5, data: floatBytes([0]) }, /returned block 5/],
  ['of another length', { stream: 1, sequence: 0, data: floatBytes([0, 0]) }, /8 bytes where 4/],
  ['of another stream', { stream: 9, sequence: 0, data: floatBytes([0]) }, /of stream 9, which/],
] as const) {
  test(`a block ${what} ends the connection`, async (t) => {
    const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
    const stream = await client.openStream(MONO)
    await stream.send(new Float32Array([1]))
    peer.send({ samples })
    const closing = stream.close()
    await t.throwsAsync(closing, { code: 'ERR_CARILLON_PROTOCOL', message: says })
    await peer.closed
  })
}

test('an error of the stream rejects both sides, and the connection goes on', async (t) => {
  const error = { code: 'ERR_CARILLON_CORE_LOST', message: 'Core 0 is gone.', stream: 1 }
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
  const stream = await client.openStream({ ...MONO, window: 1 })
  const reading = blocksOf(stream)
  await stream.send(new Float32Array([1]))
  const waiting = stream.send(new Float32Array([2]))
  peer.send({ error })
  const says = { code: error.code, message: error.message, name: 'RemoteError' }
  await t.throwsAsync(waiting, says)
  await t.throwsAsync(reading, says)
  await t.throwsAsync(() => stream.send(new Float32Array([3])), says)
  await t.throwsAsync(() => stream.close(), says)
  await t.notThrowsAsync(() => client.describe())
  t.false(peer.received.some(({ body }) => body === 'closeStream'))
})

test('a server that vanishes rejects everything of every stream', async (t) => {
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples', 'closeStream') })
  const [first, second] = [await client.openStream(MONO), await client.openStream(MONO)]
  const reading = blocksOf(first)
  await first.send(new Float32Array([1]))
  const closing = second.close()
  await peer.got('closeStream')
  peer.socket.resetAndDestroy()
  const says = { code: 'ERR_CARILLON_DISCONNECTED' }
  await t.throwsAsync(reading, says)
  await t.throwsAsync(closing, says)
  await t.throwsAsync(() => first.send(new Float32Array([2])), says)
  await t.throwsAsync(() => first.close(), says)
})

test('blocks that came back before the end can still be read', async (t) => {
  const { client, peer } = await connectToFake(t)
  const stream = await client.openStream(MONO)
  await stream.send(new Float32Array([1]))
  await client.describe()
  await client.close()
  await peer.closed
  const reader = stream[Symbol.asyncIterator]()
  t.like(await reader.next(), { value: { sequence: 0 } })
  await t.throwsAsync(() => reader.next(), { code: 'ERR_CARILLON_DISCONNECTED' })
})

test('a server that returns nothing is a timeout; the stream is closed there too', async (t) => {
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples', 'closeStream') })
  const stream = await client.openStream({ ...MONO, timeoutMs: 30 })
  const reading = blocksOf(stream)
  await stream.send(new Float32Array([1]))
  const says = { code: 'ERR_CARILLON_TIMEOUT', message: /returned nothing on a stream for 30 ms/ }
  await t.throwsAsync(reading, says)
  await t.throwsAsync(() => stream.close(), says)
  await peer.got('closeStream')
  // What arrives for it afterwards disturbs nothing.
  giveBack(peer, 0)
  peer.behave(await peer.got('closeStream'))
  await t.notThrowsAsync(() => client.describe())
})

test('a server that does not close is a timeout', async (t) => {
  const { client } = await connectToFake(t, { onMessage: ignoring('closeStream') })
  const stream = await client.openStream({ ...MONO, timeoutMs: 30 })
  await t.throwsAsync(() => stream.close(), { code: 'ERR_CARILLON_TIMEOUT' })
})

test('a stream on which nothing is owed has no timeout', async (t) => {
  const { client } = await connectToFake(t, { onMessage: ignoring('closeStream') })
  const idle = await client.openStream({ ...MONO, timeoutMs: 500 })
  const reading = blocksOf(idle)
  await idle.send(new Float32Array([1]))
  // Long after the one stream had its block back, the time of the other is up.
  const other = await client.openStream({ ...MONO, timeoutMs: 1000 })
  await t.throwsAsync(() => other.close(), { code: 'ERR_CARILLON_TIMEOUT' })
  await t.notThrowsAsync(() => idle.send(new Float32Array([2])))
  await client.close()
  await t.throwsAsync(reading, { code: 'ERR_CARILLON_DISCONNECTED' })
})

test('what onBlock throws fails the stream and nothing else', async (t) => {
  const oops = new Error('oops')
  const { client, peer } = await connectToFake(t)
  const stream = await client.openStream({
    ...MONO,
    onBlock: ({ sequence }) => {
      if (sequence === 1) throw oops
    },
  })
  for (let i = 0; i < 4; i++) await stream.send(new Float32Array([i]))
  await peer.got('closeStream')
  await t.throwsAsync(() => stream.close(), { is: oops })
  await t.notThrowsAsync(() => client.describe())
})

test('rejections that nobody looks at do not end the process', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const { client, peer } = await connectToFake(t, { onMessage: ignoring('samples') })
  const stream = await client.openStream({ ...MONO, window: 1 })
  for (let i = 0; i < 10; i++) void stream.send(new Float32Array([i]))
  void stream.close()
  void client.describe()
  void client.openStream(MONO)
  void client.openStream({ ...MONO, channels: 0 })
  const over = once(client, 'close')
  peer.socket.destroy()
  await over
  // What nobody handles the process hears of before the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(unhandled, [])
})

test('what is no block is refused and sends nothing', async (t) => {
  const { client, peer } = await connectToFake(t)
  const stream = await client.openStream({ sampleRateHz: 48_000, channels: 2 })
  for (const block of [
    ...[new Float32Array(0), new Float32Array(3), new Uint8Array(12), new Float32Array(8194)],
  ]) {
    await t.throwsAsync(() => stream.send(block), {
      ...{ code: 'ERR_CARILLON_ARGUMENT', message: /is not 1 to 4096 whole frames of 2 channels/ },
    })
  }
  await stream.close()
  await t.throwsAsync(() => stream.send(new Float32Array(2)), { code: 'ERR_CARILLON_ARGUMENT' })
  t.false(peer.received.some(({ body }) => body === 'samples'))
})

test('options that are no numbers of that kind are refused here', async (t) => {
  const { client } = await connectToFake(t)
  for (const wrong of [
    ...[{ sampleRateHz: -1 }, { sampleRateHz: 1.5 }, { channels: 0 }, { channels: 2 ** 32 }],
    ...[{ window: 0 }, { timeoutMs: 0 }],
  ]) {
    await t.throwsAsync(() => client.openStream({ ...MONO, ...wrong }), {
      code: 'ERR_CARILLON_ARGUMENT',
    })
  }
})

test('the same stream opened twice ends the connection', async (t) => {
  const { client } = await connectToFake(t, {
    onMessage: ({ request, openStream }, peer) => {
      if (!openStream) return false
      peer.send({ request: request ?? 0, streamOpened: { stream: 3 } })
      return true
    },
  })
  await client.openStream(MONO)
  await t.throwsAsync(() => client.openStream(MONO), {
    ...{ code: 'ERR_CARILLON_PROTOCOL', message: /opened stream 3, which is already open/ },
  })
})
