import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { FixedLengthStrategy } from '../../src/framing/fixed-length-strategy.ts'
import { ClientSender, type ClientSenderHandle } from '../../src/reactor/client-sender.ts'
import type { SlowClientPolicy } from '../../src/reactor/tcp-engine-options.ts'
import type { Transport } from '../../src/reactor/transport.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { soak } from '../soak/senders.ts'
import { frames, pattern, Scene, type Setting } from './recording-engine.ts'
import type { SenderNews, SenderOrder } from './sender-thread.ts'
import { MIB, nextTurn, strategyOf } from './suite/stage.ts'

/** The smallest ring: 16 KiB. */
const SMALL_RING_BYTES = 16 * 1024
/** A quarter of it, less the record's header and the client's id. */
const SMALL_MESSAGE_BYTES_MAX = SMALL_RING_BYTES / 4 - 16 - 8
const SMALL = { senderRingBytes: SMALL_RING_BYTES }

/** What other threads send must do over either bell. */
export function clientSenderSuite(createTransport: () => Transport): void {
  const open = (t: ExecutionContext, setting?: Setting) => Scene.open(t, createTransport, setting)

  test('bytes are sent as they are, messages framed, in the order of the sender', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    t.is(sender.sendData(1, Buffer.from('raw')), 'queued')
    t.is(sender.sendMessage(1, Buffer.from('framed')), 'queued')
    t.is(sender.sendData(1, new Uint8Array(0)), 'queued')
    t.is(sender.sendMessage(1, new Uint8Array(0)), 'queued')
    t.is(sender.sendData(1, Buffer.from('more')), 'queued')
    const all = ['raw', frames('framed', ''), 'more'].map((part) => Buffer.from(part))
    await peer.untilReceived(Buffer.concat(all))
    t.like(scene.engine.stats(), { senderMessages: 5, senderUnknownClients: 0, messagesOut: 4 })
  })

  test('the bytes are the caller’s again at once', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    const message = Buffer.from('first')
    sender.sendData(1, message)
    message.write('other')
    sender.sendData(1, message)
    await t.notThrowsAsync(peer.untilReceived(Buffer.from('firstother')))
  })

  test('what is for a client that has gone is counted, and nobody else gets it', async (t) => {
    const scene = await open(t)
    const gone = await scene.connect()
    gone.socket.destroy()
    await scene.engine.untilDisconnected(1)
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    // 3 has not come yet, and never gets what was sent before it came.
    for (const id of [1, 3, Number.MAX_SAFE_INTEGER]) {
      t.is(sender.sendData(id, Buffer.from('not for 2')), 'queued')
    }
    sender.sendData(2, Buffer.from('for 2'))
    await peer.untilReceived(Buffer.from('for 2'))
    t.like(scene.engine.stats(), { senderMessages: 4, senderUnknownClients: 3, messagesOut: 1 })
    const third = await scene.connect()
    sender.sendData(3, Buffer.from('for 3'))
    await third.untilReceived(Buffer.from('for 3'))
  })

  test('what is for a client that is being closed is counted as dropped', async (t) => {
    const scene = await open(t)
    await scene.connect()
    const other = await scene.connect()
    const client = scene.engine.client(1)
    const sender = new ClientSender(scene.engine.sender())
    client.close()
    sender.sendData(1, Buffer.from('late'))
    sender.sendData(2, Buffer.from('after it'))
    await other.untilReceived(Buffer.from('after it'))
    t.is(client.droppedMessages, 1)
    t.like(scene.engine.stats(), { senderMessages: 2, droppedMessages: 1, droppedBytes: 4 })
  })

  test('an overflow is answered, counted, and costs the queue nothing', async (t) => {
    const scene = await open(t, { options: SMALL })
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    const sent: Buffer[] = []
    const recordBytes = 256
    const messageBytes = recordBytes - 16 - 8
    for (let round = 1; round <= 20; round++) {
      // Without a turn of the loop in between nothing is taken out.
      for (;;) {
        const message = pattern(messageBytes).fill(round, 0, 10)
        if (sender.sendData(1, message) === 'dropped') break
        sent.push(message)
      }
      t.is(sent.length, (round * SMALL_RING_BYTES) / recordBytes)
      t.false(sender.waitForRoom(0, 0))
      t.is(scene.engine.stats().senderFull, round)
      await peer.untilReceived(Buffer.concat(sent))
      t.true(sender.waitForRoom(SMALL_MESSAGE_BYTES_MAX, 0))
    }
    t.like(scene.engine.stats(), { senderMessages: sent.length, senderUnblocked: 0 })
    // To the last slot, still.
    let empty = 0
    while (sender.sendData(1, new Uint8Array(0)) === 'queued') empty++
    t.is(empty, SMALL_RING_BYTES / 64)
  })

  test('who waits for room waits as long as told, and not for a stopped engine', async (t) => {
    const scene = await open(t, { options: SMALL })
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    while (sender.sendData(1, new Uint8Array(SMALL_MESSAGE_BYTES_MAX)) === 'queued');
    const before = performance.now()
    t.false(sender.waitForRoom(SMALL_MESSAGE_BYTES_MAX, 30))
    t.true(performance.now() - before >= 30)
    const stopped = scene.engine.stop()
    t.false(sender.waitForRoom(0, 600_000))
    peer.socket.end()
    await stopped
    for (const [bytes, timeoutMs] of [
      [-1, 0],
      [SMALL_MESSAGE_BYTES_MAX + 1, 0],
      [0, -1],
      [0, 2 ** 31],
    ] as const) {
      t.throws(() => sender.waitForRoom(bytes, timeoutMs), { code: 'ERR_CARILLON_ARGUMENT' })
    }
  })

  test('the longest message arrives, and a longer one is an error', async (t) => {
    const scene = await open(t, { options: SMALL })
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    t.is(sender.maxMessageBytes, SMALL_MESSAGE_BYTES_MAX)
    const longest = pattern(SMALL_MESSAGE_BYTES_MAX)
    t.is(sender.sendData(1, longest), 'queued')
    for (const send of ['sendData', 'sendMessage'] as const) {
      t.throws(() => sender[send](1, pattern(SMALL_MESSAGE_BYTES_MAX + 1)), {
        code: 'ERR_CARILLON_ARGUMENT',
        message: `the length of a message is an integer from 0 to ${SMALL_MESSAGE_BYTES_MAX}, not ${SMALL_MESSAGE_BYTES_MAX + 1}`,
      })
    }
    t.is(sender.sendMessage(1, longest), 'queued')
    await peer.untilReceived(Buffer.concat([longest, frames(longest)]))
    t.is(scene.engine.stats().senderMessages, 2)
  })

  test('what cannot be a client’s id, or is no message, is an error', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    for (const id of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', undefined]) {
      t.throws(() => sender.sendData(id as number, Buffer.from('no')), {
        code: 'ERR_CARILLON_ARGUMENT',
        message: /^clientId is an integer from 1 to 9007199254740991, not /,
      })
    }
    for (const message of ['no', [1, 2], new DataView(new ArrayBuffer(2)), new Uint16Array(2)]) {
      t.throws(() => sender.sendData(1, message as unknown as Uint8Array), {
        code: 'ERR_CARILLON_ARGUMENT',
        message: 'a message is a Uint8Array',
      })
    }
    sender.sendData(1, Buffer.from('yes'))
    await peer.untilReceived(Buffer.from('yes'))
    t.is(scene.engine.stats().senderMessages, 1)
  })

  test('a record that no sender wrote is counted, and hurts nobody', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    const stranger = new MpscRingProducer(handle.ring)
    const id = Buffer.alloc(8)
    id.writeDoubleLE(1)
    stranger.write(0, id, Buffer.from('type 0'))
    stranger.write(3, id, Buffer.from('type 3'))
    stranger.write(2 ** 32 - 1, id)
    stranger.write(1, id.subarray(0, 7))
    stranger.write(2)
    for (const number of [Number.NaN, -1, 0.5]) {
      id.writeDoubleLE(number)
      stranger.write(1, id, Buffer.from('whose?'))
    }
    new ClientSender(handle).sendData(1, Buffer.from('mine'))
    await peer.untilReceived(Buffer.from('mine'))
    const stats = { senderMessages: 9, senderMalformed: 5, senderUnknownClients: 3, messagesOut: 1 }
    t.like(scene.engine.stats(), stats)
  })

  test('a damaged queue is closed and counted, and the next sender has a new one', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    const sender = new ClientSender(handle)
    const words = new Int32Array(handle.ring.bytes.buffer)
    sender.sendData(1, Buffer.from('lost'))
    words.fill(-1, words.length - handle.ring.capacity / 4)
    // Rung by the first message; any turn may be the one.
    while (!sender.isClosed) await nextTurn()
    t.is(sender.sendData(1, Buffer.from('no')), 'dropped')
    t.is(scene.engine.stats().senderDamaged, 1)
    const next = scene.engine.sender()
    t.not(next, handle)
    t.is(new ClientSender(next).sendData(1, Buffer.from('yes')), 'queued')
    await peer.untilReceived(Buffer.from('yes'))
    // And one whose damage shows when the engine stops.
    new ClientSender(next).sendData(1, Buffer.from('lost'))
    new Int32Array(next.ring.bytes.buffer).fill(-1, words.length - next.ring.capacity / 4)
    peer.socket.end()
    await scene.engine.stop()
    t.is(scene.engine.stats().senderDamaged, 2)
  })

  test('a message that the strategy refuses to frame is counted', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const sender = new ClientSender(scene.engine.sender())
    const longest = pattern(2 ** 16 - 1)
    sender.sendMessage(1, longest)
    sender.sendMessage(1, pattern(2 ** 16))
    sender.sendMessage(1, Buffer.from('still here'))
    await peer.untilReceived(Buffer.concat([frames(longest), frames('still here')]))
    t.like(scene.engine.stats(), { senderMessages: 3, senderUnframed: 1, clients: 1 })
  })

  test('so is one where the strategy has no frame, or one of its own length', async (t) => {
    const scenes = [
      await open(t, { strategy: () => strategyOf((chunk) => chunk.length) }),
      await open(t, { strategy: () => new FixedLengthStrategy({ messageBytes: 3 }) }),
    ]
    for (const scene of scenes) {
      const peer = await scene.connect()
      const sender = new ClientSender(scene.engine.sender())
      sender.sendMessage(1, Buffer.from('four'))
      sender.sendData(1, Buffer.from('data'))
      await peer.untilReceived(Buffer.from('data'))
      t.like(scene.engine.stats(), { senderMessages: 2, senderUnframed: 1 })
    }
  })

  for (const policy of ['disconnect', 'drop-newest', 'drop-oldest', 'pause-source'] as const) {
    test(`what is queued for a slow client follows its policy: ${policy}`, async (t) => {
      await checkSlowClient(t, open, policy)
    })
  }

  test('a thread that is ended in the middle of a message holds up nobody for long', async (t) => {
    const scene = await open(t, { options: SMALL })
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    const thread = await startThread(t, { handle, clientId: 1, task: 'claim' })
    await thread.terminate()
    const sender = new ClientSender(handle)
    const sent: Buffer[] = []
    for (;;) {
      const message = Buffer.from(`behind it ${sent.length} `)
      if (sender.sendData(1, message) === 'dropped') break
      sent.push(message)
    }
    await peer.untilReceived(Buffer.concat(sent))
    t.like(scene.engine.stats(), { senderUnblocked: 1, senderMessages: sent.length })
    // A second one is noticed as well, with the consumer awake or asleep.
    await (await startThread(t, { handle, clientId: 1, task: 'claim' })).terminate()
    sent.push(Buffer.from('and again'))
    t.is(sender.sendData(1, Buffer.from('and again')), 'queued')
    await peer.untilReceived(Buffer.concat(sent))
    t.is(scene.engine.stats().senderUnblocked, 2)
  })

  test('what a thread sent that was ended before it rang arrives, with nobody else to ring', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    await (await startThread(t, { handle, clientId: 1, task: 'commit' })).terminate()
    await peer.untilReceived(Buffer.from('from a thread'))
    // With the consumer asleep again; and what was only begun, which nobody rings for either.
    await (await startThread(t, { handle, clientId: 1, task: 'claim' })).terminate()
    await (await startThread(t, { handle, clientId: 1, task: 'commit' })).terminate()
    await peer.untilReceived(Buffer.from('from a threadfrom a thread'))
    t.like(scene.engine.stats(), { senderMessages: 2, senderUnblocked: 1, messagesOut: 2 })
  })

  test('what was sent without a bell is read with the next bell, before it', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    await (await startThread(t, { handle, clientId: 1, task: 'commit' })).terminate()
    new ClientSender(handle).sendData(1, Buffer.from(', and here'))
    await peer.untilReceived(Buffer.from('from a thread, and here'))
    t.is(scene.engine.stats().senderMessages, 2)
  })

  test('one that is merely slow loses nothing', async (t) => {
    const scene = await open(t)
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    const slow = new MpscRingProducer(handle.ring)
    const id = Buffer.alloc(8)
    id.writeDoubleLE(1)
    const at = slow.claim(12)
    const sender = new ClientSender(handle)
    sender.sendData(1, Buffer.from('after'))
    const probe = await scene.connect()
    sender.sendData(2, Buffer.from('probe'))
    await scene.settle()
    t.deepEqual([peer.receivedBytes, probe.receivedBytes], [0, 0])
    handle.ring.bytes.set([...id, ...Buffer.from('slow')], at)
    t.true(slow.commit(1))
    sender.sendData(1, Buffer.from('!'))
    await peer.untilReceived(Buffer.from('slowafter!'))
    await probe.untilReceived(Buffer.from('probe'))
    t.is(scene.engine.stats().senderUnblocked, 0)
  })

  test('sender() needs a running engine, and gives the same handle while it runs', async (t) => {
    const scene = await open(t)
    const { engine } = scene
    const handle = engine.sender()
    t.is(engine.sender(), handle)
    const state = (name: string) => ({
      code: 'ERR_CARILLON_STATE',
      message: `sender() needs a running engine, this one is ${name}`,
    })
    const stopping = engine.stop()
    t.throws(() => engine.sender(), state('stopping'))
    await stopping
    t.throws(() => engine.sender(), state('stopped'))
    const starting = engine.start()
    t.throws(() => engine.sender(), state('starting'))
    await starting
    const next = engine.sender()
    t.not(next, handle)
    const [old, now] = [handle, next].map((each) => new ClientSender(each))
    const peer = await scene.connect()
    t.is(old?.sendData(1, Buffer.from('old')), 'dropped')
    t.is(now?.sendData(1, Buffer.from('new')), 'queued')
    await peer.untilReceived(Buffer.from('new'))
    t.is(engine.stats().senderMessages, 1)
  })

  test.serial('four threads send to 100 clients that stay, come and go', async (t) => {
    await t.notThrowsAsync(
      soak({
        teardown: t.teardown,
        progress: (text) => t.log(text),
        tell: (text) => t.log(text),
        ...{ durationMs: 1, clients: 100, messages: 1 },
      }),
    )
  })

  // Alone: no other test's descriptors.
  test.serial(
    'stop sends what was queued, closes the senders and leaves no descriptor',
    async (t) => {
      const before = eventFds()
      const scene = await open(t, { options: SMALL })
      const peer = await scene.connect()
      const handle = scene.engine.sender()
      const sender = new ClientSender(handle)
      t.false(sender.isClosed)
      const sent: Buffer[] = []
      // The second has nobody to finish it, and no time to be patient.
      for (let index = 0; index < 3; index++) {
        sent.push(Buffer.from(`message ${index} `))
        sender.sendData(1, sent.at(-1) as Buffer)
        if (index === 0) new MpscRingProducer(handle.ring).claim(100)
      }
      const stopped = scene.engine.stop()
      t.true(sender.isClosed)
      t.is(sender.sendData(1, Buffer.from('late')), 'dropped')
      await peer.untilEnded()
      await peer.untilReceived(Buffer.concat(sent))
      peer.socket.end()
      await stopped
      t.is(sender.sendMessage(1, Buffer.from('later')), 'dropped')
      t.like(scene.engine.stats(), { senderMessages: 3, senderUnblocked: 1, messagesOut: 3 })
      t.is(eventFds(), before)
    },
  )

  test('every message that a thread was told is queued is read, also while the engine stops', async (t) => {
    const scene = await open(t, { options: { ...SMALL, slowClientPolicy: 'drop-newest' } })
    const peer = await scene.connect()
    const handle = scene.engine.sender()
    const order = { handle, clientId: 1, task: 'flood' } as const
    const threads = await Promise.all([0, 1, 2].map(() => startThread(t, order)))
    const reports = threads.map((thread) => once(thread, 'message') as Promise<[SenderNews]>)
    await peer.until(() => peer.receivedBytes > 100_000)
    const stopped = scene.engine.stop()
    peer.socket.end()
    const answers = (await Promise.all(reports)).map(([news]) => news)
    await stopped
    let queued = 0
    for (const news of answers) {
      if (news === 'begun') throw new Error('a thread began twice')
      queued += news.queued
      t.true(news.dropped > 0)
    }
    const { senderMessages, messagesOut, droppedMessages } = scene.engine.stats()
    // At most one message of each thread was just on its way.
    t.true(senderMessages >= queued && senderMessages <= queued + threads.length)
    t.is(messagesOut + droppedMessages, senderMessages)
  })
}

async function checkSlowClient(
  t: ExecutionContext,
  open: (t: ExecutionContext, setting?: Setting) => Promise<Scene>,
  slowClientPolicy: SlowClientPolicy,
): Promise<void> {
  const options = { slowClientPolicy, maxQueuedBytes: MIB, senderRingBytes: 4 * MIB }
  const scene = await open(t, { options })
  const [slow, quick] = [await scene.connect(), await scene.connect()]
  slow.socket.pause()
  const { engine } = scene
  const sender = new ClientSender(engine.sender())
  const message = pattern(100_000)
  let sent = 0
  while (engine.stats().droppedMessages === 0) {
    if (sender.sendData(1, message) === 'queued') sent++
    await nextTurn()
  }
  sender.sendData(2, Buffer.from('not slow'))
  await quick.untilReceived(Buffer.from('not slow'))
  const { senderMessages, messagesOut, droppedMessages, droppedOldestMessages } = engine.stats()
  t.is(senderMessages, sent + 1)
  const accepted = sent + 1 - droppedMessages + droppedOldestMessages
  if (slowClientPolicy === 'disconnect') {
    const { kind } = await engine.untilDisconnected(1)
    t.is(kind, 'slow-client')
    return
  }
  t.is(messagesOut, accepted)
  t.is(droppedOldestMessages > 0, slowClientPolicy === 'drop-oldest')
  t.true(engine.client(1).isAboveHighWatermark)
  slow.socket.resume()
  await slow.until(() => slow.receivedBytes === (sent - droppedMessages) * message.length)
  t.true(engine.client(1).isOpen)
}

/** A thread, once it has begun. */
async function startThread(t: ExecutionContext, workerData: SenderOrder): Promise<Worker> {
  const thread = new Worker(join(import.meta.dirname, 'sender-thread.js'), { workerData })
  t.teardown(() => thread.terminate())
  await once(thread, 'message')
  return thread
}

/** How many eventfds this process has open. */
function eventFds(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventfd]'
    } catch {
      // It was the one by which the folder was read.
      return false
    }
  }).length
}

/** Which bell a handle rings. */
export function bellOf({ bell }: ClientSenderHandle): string {
  return Object.keys(bell).join()
}
