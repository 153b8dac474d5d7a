import type { ExecutionContext } from 'ava'
import { HIGHEST_HANDSHAKE_TIMEOUT_MS, WEB_LIMITS } from '../../src/server/limits.ts'
import { WebGateway } from '../../src/server/web-gateway.ts'
import { gatewayTest } from '../support/needs-uwebsockets.ts'
import { pageFolder } from '../support/page-folder.ts'
import { RecordingPeers } from '../support/recording-peers.ts'
import { ABNORMAL_CLOSURE, WebSocketClient } from '../support/websocket-client.ts'

async function startGateway(t: ExecutionContext, host = '127.0.0.1') {
  const peers = new RecordingPeers()
  const gateway = new WebGateway({
    ...{ host, port: 0, root: pageFolder(t), connect: peers.connect },
    // Some clients here say nothing, and the machine may be busy.
    handshakeTimeoutMs: HIGHEST_HANDSHAKE_TIMEOUT_MS,
  })
  const address = await gateway.start()
  t.teardown(() => gateway.stop())
  const join = async () => {
    const client = await WebSocketClient.connect(address)
    const recorded = await peers.at(peers.all.length - 1)
    return { client, recorded, peer: recorded.peer }
  }
  return { gateway, peers, join }
}

gatewayTest('messages go both ways, one a frame, and are counted', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  t.is(peer.transport, 'websocket')
  t.is(peer.address, '127.0.0.1')
  const long = 'x'.repeat(WEB_LIMITS.maxMessageBytes)
  const texts = ['', 'one', 'y'.repeat(126), 'z'.repeat(70_000), long]
  for (const text of texts) client.send(Buffer.from(text))
  await peers.until(() => recorded.messages.length === texts.length)
  t.deepEqual(recorded.messages, texts)
  for (const text of texts) peer.send(Buffer.from(text))
  for (const text of texts) t.is(String(await client.next()), text)
  const bytes = texts.join('').length
  t.deepEqual(
    { ...peer.counters },
    { messagesIn: 5, messagesOut: 5, bytesIn: bytes, bytesOut: bytes },
  )
})

gatewayTest('a message belongs to whoever got it', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  const kept: Uint8Array[] = []
  recorded.reaction = (message) => kept.push(message)
  for (let i = 0; i < 100; i++) client.send(Buffer.alloc(1000, i))
  await peers.until(() => kept.length === 100)
  for (const [i, message] of kept.entries())
    t.deepEqual(Buffer.from(message), Buffer.alloc(1000, i))
})

gatewayTest('what the service sends when it is handed a peer arrives', async (t) => {
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: 0,
    root: pageFolder(t),
    connect: (peer) => {
      peer.send(Buffer.from('at once'))
      return new RecordingPeers().connect(peer)
    },
  })
  const { port } = await gateway.start()
  t.teardown(() => gateway.stop())
  const client = await WebSocketClient.connect({ port })
  t.is(String(await client.next()), 'at once')
})

gatewayTest('a text frame is an error, and ends the connection', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  client.send(Buffer.from('fine'))
  client.sendText('not fine')
  client.send(Buffer.from('too late'))
  await peers.until(() => recorded.closes > 0)
  t.deepEqual(
    recorded.errors.map((error) => (error as NodeJS.ErrnoException).code),
    ['ERR_CARILLON_PROTOCOL'],
  )
  t.deepEqual(recorded.messages, ['fine'])
  t.is(recorded.closes, 1)
  t.is((await client.closed).code, 1000)
  peer.send(Buffer.from('to nobody'))
  t.is(peer.queuedBytes, 0)
})

gatewayTest('what the service answers to an error is the last message', async (t) => {
  const { join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  recorded.onError = (error) => {
    peer.send(Buffer.from(`sorry: ${error.message}`))
    peer.close()
  }
  client.sendText('not fine')
  t.regex(String(await client.next()), /^sorry: a text frame came/)
  t.is((await client.closed).code, 1000)
})

gatewayTest('a message that is too long is an error, and ends the connection', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  client.send(Buffer.alloc(WEB_LIMITS.maxMessageBytes + 1))
  await peers.until(() => recorded.closes > 0)
  t.deepEqual(
    recorded.errors.map((error) => (error as NodeJS.ErrnoException).code),
    ['ERR_CARILLON_MESSAGE_TOO_LARGE'],
  )
  t.is((await client.closed).code, 1000)
})

gatewayTest('a frame far too long breaks the connection before it is read', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  client.send(Buffer.alloc(WEB_LIMITS.maxFrameBytes + 1))
  await peers.until(() => recorded.closes > 0)
  t.is((await client.closed).code, ABNORMAL_CLOSURE)
  t.deepEqual(recorded.messages, [])
})

gatewayTest('a frame that only says that it will be huge breaks the connection', async (t) => {
  const { peers, join } = await startGateway(t)
  for (const length of [BigInt(WEB_LIMITS.maxFrameBytes) + 1n, 2n ** 32n, 2n ** 63n - 1n]) {
    const { client, recorded } = await join()
    client.announce(length)
    await peers.until(() => recorded.closes > 0)
    t.is((await client.closed).code, ABNORMAL_CLOSURE, String(length))
    t.deepEqual(recorded.messages, [])
  }
})

gatewayTest('a message in many frames is one message', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  const text = 'a message in frames of one byte, and empty ones between them'
  client.sendFragments(Array.from(text).flatMap((letter) => [Buffer.from(letter), Buffer.alloc(0)]))
  client.send(Buffer.from('another'))
  await peers.until(() => recorded.messages.length === 2)
  t.deepEqual(recorded.messages, [text, 'another'])
})

gatewayTest('frames without an end are held up to the limit of one, and no further', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  const { client: other, recorded: otherRecorded } = await join()
  const piece = Buffer.alloc(64 * 1024)
  const pieces = WEB_LIMITS.maxFrameBytes / piece.length
  client.sendFragments(new Array(pieces).fill(piece), false)
  await client.roundTrip()
  t.is(recorded.closes, 0)
  client.sendFragments([piece, piece], false)
  await peers.until(() => recorded.closes > 0)
  t.is((await client.closed).code, ABNORMAL_CLOSURE)
  other.send(Buffer.from('still here'))
  await peers.until(() => otherRecorded.messages.length > 0)
  t.deepEqual(recorded.messages, [])
})

gatewayTest('a flood of pings piles up no more answers than may wait', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  const { client: other, recorded: otherRecorded } = await join()
  client.pauseReading()
  const pingBytes = 125
  // Three times what may wait for it.
  let most = 0
  for (let sent = 0; sent < 3 * WEB_LIMITS.queueBytesMax; sent += 1000 * pingBytes) {
    client.flood(1000, pingBytes)
    other.send(Buffer.from('meanwhile'))
    const before = otherRecorded.messages.length
    await peers.until(() => otherRecorded.messages.length > before)
    most = Math.max(most, peer.queuedBytes)
  }
  t.true(most > WEB_LIMITS.queueBytesMax / 2, `${most} bytes wait`)
  t.true(most <= WEB_LIMITS.queueBytesMax + 2 * pingBytes, `${most} bytes wait`)
  client.resumeReading()
  client.send(Buffer.from('still here'))
  await peers.until(() => recorded.messages.length > 0 || recorded.closes > 0)
  t.is(recorded.errors.length, 0)
})

gatewayTest('a client that vanishes is told of once', async (t) => {
  const { peers, gateway, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  const { client: other, recorded: otherRecorded } = await join()
  client.destroy()
  await peers.until(() => recorded.closes > 0)
  peer.close()
  peer.pause()
  peer.resume()
  peer.send(Buffer.from('to nobody'))
  other.close()
  await peers.until(() => otherRecorded.closes > 0)
  await gateway.stop()
  t.is(recorded.closes, 1)
  t.is(otherRecorded.closes, 1)
})

gatewayTest('while paused, messages wait; on resume they come in order', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  peer.pause()
  const sent = Array.from({ length: WEB_LIMITS.heldMessagesMax }, (_, i) => `message ${i}`)
  for (const text of sent) client.send(Buffer.from(text))
  await client.roundTrip()
  // A service that pauses again in the middle, and resumes from inside a message.
  recorded.reaction = () => {
    peer.pause()
    if (recorded.messages.length % 2 === 0) peer.resume()
    else setImmediate(() => peer.resume())
  }
  t.deepEqual(recorded.messages, [])
  peer.resume()
  await peers.until(() => recorded.messages.length === sent.length)
  t.deepEqual(recorded.messages, sent)
  t.is(recorded.closes, 0)
})

for (const [what, count, bytes] of [
  ['messages', WEB_LIMITS.heldMessagesMax + 1, 1],
  ['bytes', WEB_LIMITS.heldBytesMax / WEB_LIMITS.maxMessageBytes + 1, WEB_LIMITS.maxMessageBytes],
] as const) {
  gatewayTest(`a client that sends too many ${what} to a paused peer is closed`, async (t) => {
    const { peers, join } = await startGateway(t)
    const { client, recorded, peer } = await join()
    peer.pause()
    for (let i = 0; i < count; i++) client.send(Buffer.alloc(bytes))
    await peers.until(() => recorded.closes > 0)
    t.deepEqual(
      recorded.errors.map((error) => (error as NodeJS.ErrnoException).code),
      ['ERR_CARILLON_LIMIT'],
    )
    peer.resume()
    t.deepEqual(recorded.messages, [])
    t.is(recorded.closes, 1)
  })
}

gatewayTest('what waits is known, and so is that it has been taken', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  client.pauseReading()
  const message = Buffer.alloc(64 * 1024, 7)
  let sent = 0
  while (peer.queuedBytes < 1024 * 1024) {
    peer.send(message)
    sent++
  }
  t.is(recorded.drains, 0)
  client.resumeReading()
  await peers.until(() => recorded.drains > 0 && peer.queuedBytes === 0)
  t.is(peer.counters.messagesOut, sent)
  for (let i = 0; i < sent; i++) t.deepEqual(await client.next(), message)
})

gatewayTest('a client that lets its answers pile up is disconnected', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  const { client: other, recorded: otherRecorded } = await join()
  client.pauseReading()
  const answer = new Uint8Array(512 * 1024)
  let sentBytes = 0
  // Beyond its own limit, only what the two sockets' buffers take.
  while (recorded.closes === 0 && sentBytes < 8 * WEB_LIMITS.queueBytesMax) {
    peer.send(answer)
    sentBytes += answer.length
    t.true(peer.queuedBytes <= WEB_LIMITS.queueBytesMax + 2 * answer.length)
    await Promise.resolve()
  }
  t.is(recorded.closes, 1)
  other.send(Buffer.from('still here'))
  await peers.until(() => otherRecorded.messages.length > 0)
  t.deepEqual(otherRecorded.messages, ['still here'])
})

gatewayTest('a service that throws loses that client, and no other', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded } = await join()
  const { client: other, recorded: otherRecorded } = await join()
  recorded.reaction = () => {
    throw new Error('a bug of the service')
  }
  client.send(Buffer.from('one'))
  client.send(Buffer.from('two'))
  t.is((await client.closed).code, 1011)
  await peers.until(() => recorded.closes > 0)
  t.deepEqual(recorded.messages, ['one'])
  t.is(recorded.closes, 1)
  other.send(Buffer.from('still here'))
  await peers.until(() => otherRecorded.messages.length > 0)
  t.is(otherRecorded.closes, 0)
})

gatewayTest('a service that throws when it is handed a peer gets no call of it', async (t) => {
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: 0,
    root: pageFolder(t),
    connect: () => {
      throw new Error('a bug of the service')
    },
  })
  const { port } = await gateway.start()
  t.teardown(() => gateway.stop())
  const client = await WebSocketClient.connect({ port })
  t.is((await client.closed).code, 1011)
  t.is(gateway.connections, 0)
})

gatewayTest('the last call comes after the call that caused it has returned', async (t) => {
  const { peers, join } = await startGateway(t)
  const { client, recorded, peer } = await join()
  const closesInside: number[] = []
  recorded.reaction = () => {
    peer.close()
    closesInside.push(recorded.closes)
  }
  client.send(Buffer.from('one'))
  client.send(Buffer.from('two'))
  await peers.until(() => recorded.closes > 0)
  t.deepEqual(closesInside, [0])
  t.deepEqual(recorded.messages, ['one'])
})

gatewayTest('an address of IPv6 is written as people write it', async (t) => {
  const { join } = await startGateway(t, '::1')
  const { peer } = await join()
  t.is(peer.address, '[::1]')
})
