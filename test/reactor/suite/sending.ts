import test from 'ava'
import type { SendResult } from '../../../src/reactor/tcp-client.ts'
import { frames, pattern } from '../recording-engine.ts'
import { MIB, MORE_THAN_THE_KERNEL_TAKES, type Stage, strategyOf } from './stage.ts'

/** What becomes of what is sent. */
export function sendingSuite({ open, withRoom }: Stage): void {
  test('sendData sends the chunks as they are, sendMessage frames', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const peer = await scene.connect()
    const client = engine.client()
    t.is(client.sendData(Buffer.from('ab'), new Uint8Array([99]), Buffer.from('d')), withRoom)
    t.is(client.sendMessage(Buffer.from('framed')), withRoom)
    t.is(client.sendMessage(Buffer.alloc(0)), withRoom)
    t.is(client.sendData(), 'sent')
    await peer.untilReceived(Buffer.concat([Buffer.from('abcd'), frames('framed', '')]))
    t.is(client.queuedBytes, 0)
    const { messagesOut, bytesOut } = client.stats()
    t.deepEqual({ messagesOut, bytesOut }, { messagesOut: 3, bytesOut: 4 + 8 + 2 })
  })

  test('what is sent is a Uint8Array', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const client = scene.engine.client()
    const wrong = [
      'ding',
      null,
      [1],
      { length: 5 },
      new Uint16Array(4),
      new DataView(new ArrayBuffer(4)),
    ]
    for (const value of wrong) {
      const bytes = value as Uint8Array
      const error = { code: 'ERR_CARILLON_ARGUMENT', message: /Uint8Array/ }
      t.throws(() => client.sendData(Buffer.from('dong'), bytes), error)
      t.throws(() => client.sendCopy(Buffer.from('dong'), bytes), error)
      t.throws(() => client.sendMessage(bytes), error)
    }
    client.sendData(Buffer.from('ding'))
    await peer.untilReceived(Buffer.from('ding'))
    t.is(client.stats().bytesOut, 4)
  })

  test('what sendCopy sends is the caller’s again at once, sent, queued or waiting', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 4 * MORE_THAN_THE_KERNEL_TAKES } })
    const peer = await scene.connect()
    const client = scene.engine.client()
    const head = new Uint8Array(3)
    const expected: Uint8Array[] = []
    const send = (bytes: number, value: number) => {
      const body = new Uint8Array(bytes).fill(value)
      expected.push(head.fill(value).slice(), body.slice())
      const result = client.sendCopy(head, body)
      head.fill(0)
      body.fill(0)
      return result
    }
    t.is(send(0, 1), withRoom)
    t.is(send(200, 2), withRoom)
    t.is(send(10_000, 3), withRoom)
    t.is(client.sendCopy(), 'sent')
    await peer.untilReceived(Buffer.concat(expected))
    peer.socket.pause()
    t.is(send(MORE_THAN_THE_KERNEL_TAKES, 4), 'queued')
    t.is(send(200, 5), 'queued')
    t.is(send(MIB, 6), 'queued')
    t.is(client.queuedBytes > 0, true)
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat(expected))
    t.is(client.stats().messagesOut, 6)
  })

  test('what sendLent sends of memory that nobody registered is the caller’s again at once', async (t) => {
    const scene = await open(t, { options: { maxQueuedBytes: 4 * MORE_THAN_THE_KERNEL_TAKES } })
    const peer = await scene.connect()
    const client = scene.engine.client()
    const head = new Uint8Array(3)
    const memory = new Uint8Array(MORE_THAN_THE_KERNEL_TAKES + 16)
    const expected: Uint8Array[] = []
    const send = (bytes: number, value: number) => {
      expected.push(head.fill(value).slice(), memory.fill(value).slice(8, 8 + bytes))
      const result = client.sendLent(head, memory, 8, 8 + bytes)
      head.fill(0)
      memory.fill(0)
      return result
    }
    t.is(send(0, 1), withRoom)
    t.is(send(200, 2), withRoom)
    t.is(send(10_000, 3), withRoom)
    t.is(client.sendLent(head.subarray(0, 0), memory, 8, 8), 'sent')
    peer.socket.pause()
    t.is(send(MORE_THAN_THE_KERNEL_TAKES, 4), 'queued')
    t.is(send(200, 5), 'queued')
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat(expected))
    t.is(client.stats().messagesOut, 5)
    const wrong = { code: 'ERR_CARILLON_ARGUMENT' }
    t.throws(() => client.sendLent(head, memory, 8, 7), wrong)
    t.throws(() => client.sendLent(head, memory, -1, 7), wrong)
    t.throws(() => client.sendLent(head, memory, 0, 8.5), wrong)
    t.throws(() => client.sendLent(head, memory, Number.NaN, 8), wrong)
    t.throws(() => client.sendLent(head, memory, 0, memory.length + 1), wrong)
    t.throws(() => client.sendLent(head, [1] as unknown as Uint8Array, 0, 1), wrong)
    client.reset()
    t.is(client.sendLent(head, memory, 0, 8), 'dropped')
  })

  test('what is given away while it is queued or waits ends its client, and no other', async (t) => {
    const maxQueuedBytes = 4 * MORE_THAN_THE_KERNEL_TAKES
    for (const which of [0, 1, 2]) {
      const scene = await open(t, { options: { maxQueuedBytes } })
      const peers = [await scene.connect(), await scene.connect()]
      for (const { socket } of peers) socket.pause()
      const client = scene.engine.client(1)
      const chunks = [MORE_THAN_THE_KERNEL_TAKES, 8, MIB].map((bytes) => new Uint8Array(bytes))
      const other = chunks.map((chunk) => new Uint8Array(chunk))
      for (const chunk of chunks) client.sendData(chunk)
      for (const chunk of other) scene.engine.client(2).sendData(chunk)
      const given = chunks[which] as Uint8Array<ArrayBuffer>
      structuredClone(given, { transfer: [given.buffer] })
      for (const { socket } of peers) socket.resume()
      const { kind, error } = await scene.engine.untilDisconnected(1)
      t.is(kind, 'connection-lost')
      t.is(error?.code, 'ERR_CARILLON_DETACHED')
      t.true(client.stats().unsentBytes > 0)
      t.is(client.queuedBytes, 0)
      await peers[1]?.untilReceived(Buffer.concat(other))
      t.is(scene.engine.client(2).queuedBytes, 0)
    }
  })

  test('sendMessage throws where the strategy has no frame, or the frame no room', async (t) => {
    const scene = await open(t, { strategy: () => strategyOf(() => -1) })
    const { engine } = scene
    await scene.connect()
    t.throws(() => engine.client().sendMessage(Buffer.from('x')), { code: 'ERR_CARILLON_NO_FRAME' })

    const framing = await open(t)
    await framing.connect()
    t.throws(() => framing.engine.client().sendMessage(Buffer.alloc(65536)), {
      code: 'ERR_CARILLON_MESSAGE_TOO_LARGE',
    })
    t.true(framing.engine.client().isOpen)
  })

  test('what the peer does not read is queued, in order, and the drain is told once', async (t) => {
    const drained: number[] = []
    const scene = await open(t, {
      options: {
        maxQueuedBytes: 64 * MIB,
        highWatermarkBytes: 4 * MIB,
        lowWatermarkBytes: MIB,
      },
      drained: (client) => {
        drained.push(client.queuedBytes)
        t.false(client.isAboveHighWatermark)
      },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(2 * MORE_THAN_THE_KERNEL_TAKES)
    const results = new Set<SendResult>()
    for (let offset = 0; offset < sent.length; offset += MIB) {
      results.add(client.sendData(sent.subarray(offset, offset + MIB)))
    }
    t.deepEqual(results, new Set([withRoom, 'queued']))
    t.true(client.isAboveHighWatermark)
    t.true(client.queuedBytes > MORE_THAN_THE_KERNEL_TAKES)
    peer.socket.resume()
    await engine.untilLogged('drained 1')
    await peer.untilReceived(sent)
    t.is(client.queuedBytes, 0)
    t.is(drained.length, 1)
    t.true((drained[0] as number) <= MIB)
  })

  test('a queue that stays under the high watermark has no drain to tell', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 64 * MIB, highWatermarkBytes: 64 * MIB },
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(MORE_THAN_THE_KERNEL_TAKES)
    t.is(client.sendData(sent), 'queued')
    t.false(client.isAboveHighWatermark)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.is(client.queuedBytes, 0)
    t.deepEqual(engine.log, ['connected 1'])
  })

  test('a slow client is queued for up to the limit, and disconnected beyond it', async (t) => {
    const maxQueuedBytes = 2 * MORE_THAN_THE_KERNEL_TAKES
    const scene = await open(t, { options: { maxQueuedBytes } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    client.sendData(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES))
    t.is(client.sendData(Buffer.alloc(maxQueuedBytes - client.queuedBytes)), 'queued')
    t.is(client.queuedBytes, maxQueuedBytes)
    t.is(client.sendData(Buffer.alloc(1)), 'dropped')
    t.false(client.isOpen)
    t.is(client.sendData(Buffer.alloc(2)), 'dropped')
    const reason = await engine.untilDisconnected()
    t.is(reason.kind, 'slow-client')
    t.is(reason.error?.code, 'ERR_CARILLON_SLOW_CLIENT')
    t.deepEqual(engine.log, ['connected 1', 'disconnected 1 slow-client'])
    const { droppedMessages, droppedBytes, unsentBytes } = engine.stats()
    t.deepEqual([droppedMessages, droppedBytes, unsentBytes], [2, 3, maxQueuedBytes])
    t.is(client.queuedBytes, 0)
  })

  test('with drop-newest a slow client stays', async (t) => {
    const maxQueuedBytes = MORE_THAN_THE_KERNEL_TAKES
    const scene = await open(t, { options: { maxQueuedBytes, slowClientPolicy: 'drop-newest' } })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.pause()
    const client = engine.client()
    const sent = pattern(maxQueuedBytes)
    t.is(client.sendData(sent), 'queued')
    t.is(client.sendData(Buffer.alloc(maxQueuedBytes)), 'dropped')
    t.true(client.isOpen)
    peer.socket.resume()
    await peer.untilReceived(sent)
    t.is(client.sendData(Buffer.from('!')), withRoom)
    await peer.untilReceived(Buffer.concat([sent, Buffer.from('!')]))
    t.is(engine.stats().droppedBytes, maxQueuedBytes)
  })

  test('more than the whole queue at once is dropped, whatever the kernel might take', async (t) => {
    const scene = await open(t, {
      options: { maxQueuedBytes: 10, slowClientPolicy: 'drop-newest' },
    })
    const { engine } = scene
    await scene.connect()
    t.is(engine.client().sendData(Buffer.alloc(5), Buffer.alloc(5)), withRoom)
    t.is(engine.client().sendData(Buffer.alloc(5), Buffer.alloc(6)), 'dropped')
  })
}
