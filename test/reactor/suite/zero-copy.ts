import test, { type ExecutionContext } from 'ava'
import type { TcpClient } from '../../../src/reactor/tcp-client.ts'
import type { TcpEngineOptions } from '../../../src/reactor/tcp-engine-options.ts'
import type { RawPeer } from '../raw-peer.ts'
import { pattern, type RecordingEngine, type Setting } from '../recording-engine.ts'
import { Releases } from '../releases.ts'
import { MIB, MORE_THAN_THE_KERNEL_TAKES, nextTurn, oops, type Stage } from './stage.ts'

const KIB = 1024
const ROOM: TcpEngineOptions = { maxQueuedBytes: 64 * MIB }

interface Cast {
  engine: RecordingEngine
  client: TcpClient
  peer: RawPeer
  releases: Releases
}

/** What is sent from memory that is held until it is released. */
export function zeroCopySuite({ open, withRoom }: Stage): void {
  async function enter(t: ExecutionContext, setting: Setting = { options: ROOM }): Promise<Cast> {
    const scene = await open(t, setting)
    const peer = await scene.connect()
    const releases = new Releases()
    return { engine: scene.engine, client: scene.engine.client(), peer, releases }
  }

  /** As `enter`, with a peer that does not read: a block in the kernel, one queued, and one waiting. */
  async function enterSlow(t: ExecutionContext, setting?: Setting): Promise<Cast> {
    const cast = await enter(t, setting)
    const { client, peer, releases } = cast
    peer.socket.pause()
    client.sendZeroCopy(...releases.block(64 * KIB))
    t.is(client.sendZeroCopy(...releases.block(MORE_THAN_THE_KERNEL_TAKES)), 'queued')
    t.is(client.sendZeroCopy(...releases.block(MIB)), 'queued')
    return cast
  }

  test('held memory keeps its place among what is sent, and is read until it is released', async (t) => {
    const { engine, client, peer, releases } = await enter(t)
    peer.socket.pause()
    const sent: Buffer[] = []
    for (let index = 0; index < 200; index++) {
      const small = pattern((index * 7919) % 5000)
      client.sendData(small)
      // On both sides of what is sent without a copy, and of what one send takes.
      const bytes = [1, 16 * KIB - 1, 16 * KIB, 100_000, 512 * KIB, 700_000][index % 6] as number
      sent.push(small, pattern(bytes))
      client.sendZeroCopy(...releases.block(bytes))
      if (index % 20 === 0) await nextTurn()
    }
    t.true(client.queuedBytes > MIB)
    t.true(engine.stats().heldMessages > 0)
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat(sent))
    await t.notThrowsAsync(releases.untilAll())
    const { zeroCopyMessages, messagesOut, bytesOut, heldMessages, queuedBytes } = engine.stats()
    t.deepEqual([zeroCopyMessages, messagesOut], [200, 399], 'one of the small ones is empty')
    t.deepEqual([bytesOut, heldMessages, queuedBytes], [peer.receivedBytes, 0, 0])
  })

  test('several chunks are one message, and released as one', async (t) => {
    const { client, peer, releases } = await enter(t)
    const chunks = [3, 100_000, 0, 5, 20_000].map(pattern)
    const sent = Buffer.concat(chunks)
    t.is(client.sendZeroCopy(chunks, releases.expect(...chunks)), withRoom)
    await peer.untilReceived(sent)
    await releases.untilAll()
    t.is(client.stats().messagesOut, 1)
  })

  test('memory is released from the event loop, whatever the answer', async (t) => {
    const { client, peer, releases } = await enter(t, { options: { maxQueuedBytes: 100_000 } })
    peer.socket.pause()
    const release = releases.expect()
    t.is(client.sendZeroCopy(new Uint8Array(), release), 'sent')
    t.is(client.sendZeroCopy([], releases.expect()), 'sent')
    t.is(client.sendZeroCopy(Buffer.from('ding'), releases.expect()), withRoom)
    t.is(client.sendZeroCopy(new Uint8Array(100_001), releases.expect()), 'dropped')
    t.is(client.sendZeroCopy(Buffer.from('closed'), releases.expect()), 'dropped')
    t.is(releases.released, 0)
    await releases.untilAll()
    t.is(client.stats().droppedMessages, 2)
  })

  test('held memory that arrived in a message is sent as it was', async (t) => {
    const releases = new Releases()
    const scene = await open(t, {
      options: { ...ROOM, messages: 'borrowed' },
      message: (client, message) => {
        client.sendZeroCopy([message, pattern(20_000), message], releases.expect())
      },
    })
    const peer = await scene.connect()
    const message = pattern(30_000)
    const frame = Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message])
    for (let times = 0; times < 20; times++) peer.socket.write(frame)
    const answer = [message, pattern(20_000), message]
    await peer.untilReceived(Buffer.concat(Array.from({ length: 20 }, () => answer).flat()))
    await t.notThrowsAsync(releases.untilAll())
  })

  test('held memory has the limit of what is queued', async (t) => {
    const maxQueuedBytes = 2 * MORE_THAN_THE_KERNEL_TAKES
    const { client, peer, releases, engine } = await enter(t, { options: { maxQueuedBytes } })
    peer.socket.pause()
    client.sendZeroCopy(...releases.block(MORE_THAN_THE_KERNEL_TAKES))
    const rest = maxQueuedBytes - client.queuedBytes
    t.is(client.sendZeroCopy(...releases.block(rest)), 'queued')
    t.is(client.queuedBytes, maxQueuedBytes)
    t.true(client.isAboveHighWatermark)
    t.is(client.sendZeroCopy(...releases.block(1)), 'dropped')
    t.is((await engine.untilDisconnected()).kind, 'slow-client')
    await releases.untilAll()
    t.is(engine.stats().unsentBytes, maxQueuedBytes)
  })

  for (const slowClientPolicy of ['drop-newest', 'drop-oldest'] as const) {
    test(`with ${slowClientPolicy} what is dropped is released, and the rest arrives`, async (t) => {
      const options = { maxQueuedBytes: MORE_THAN_THE_KERNEL_TAKES + 200_000, slowClientPolicy }
      const { client, peer, releases, engine } = await enter(t, { options })
      peer.socket.pause()
      client.sendZeroCopy(...releases.block(MORE_THAN_THE_KERNEL_TAKES))
      const room = options.maxQueuedBytes - client.queuedBytes
      t.is(client.sendZeroCopy(...releases.block(room - 100_000)), 'queued')
      t.is(client.sendZeroCopy(...releases.block(100_000)), 'queued')
      const answer = client.sendZeroCopy(...releases.block(100_000))
      t.is(answer, slowClientPolicy === 'drop-newest' ? 'dropped' : 'queued')
      const dropped = slowClientPolicy === 'drop-newest' ? 3 : 1
      await releases.until(() => releases.counts[dropped] === 1)
      t.is(releases.released, 1)
      t.is(client.droppedMessages, 1)
      peer.socket.resume()
      await engine.untilLogged('drained 1')
      await releases.untilAll()
      t.is(client.stats().bytesOut - client.stats().droppedOldestBytes, peer.receivedBytes)
    })
  }

  test('with pause-source held memory holds back whoever caused it', async (t) => {
    const releases = new Releases()
    const scene = await open(t, {
      options: { ...ROOM, slowClientPolicy: 'pause-source' },
      message: (client) => {
        client.sendZeroCopy(...releases.block(MORE_THAN_THE_KERNEL_TAKES))
      },
    })
    const peer = await scene.connect()
    peer.socket.pause()
    peer.socket.write(Buffer.of(0, 0))
    await scene.engine.until(() => scene.engine.messages.length > 0)
    t.true(scene.engine.client().isHeld)
    peer.socket.resume()
    await peer.untilReceived(pattern(MORE_THAN_THE_KERNEL_TAKES))
    await releases.untilAll()
    t.false(scene.engine.client().isHeld)
  })

  const ends: Record<string, (cast: Cast) => void> = {
    'the client is reset': ({ client }) => client.reset(),
    'the client is closed': ({ client }) => client.close(),
    'the engine is stopped': ({ engine }) => void engine.stop(),
    'the peer breaks off': ({ peer }) => peer.reset(),
    'the peer closes': ({ peer }) => void peer.socket.end(),
    'the memory is given away': () => {},
  }
  for (const [end, cause] of Object.entries(ends)) {
    test(`held memory is released once where ${end}`, async (t) => {
      const options = { ...ROOM, closeTimeoutMs: 50, stopTimeoutMs: 50 }
      const cast = await enterSlow(t, { options })
      const { client, engine, releases } = cast
      if (end === 'the memory is given away') {
        const memory = new Uint8Array(MIB)
        client.sendZeroCopy(memory, releases.expect())
        structuredClone(memory, { transfer: [memory.buffer] })
        cast.peer.socket.resume()
      }
      cause(cast)
      await engine.untilDisconnected()
      await releases.untilAll()
      t.is(engine.stats().heldMessages, 0)
      t.is(client.sendZeroCopy(...releases.block(20_000)), 'dropped')
      await t.notThrowsAsync(releases.untilAll())
    })
  }

  test('held memory is all sent where the client, or the peer, closes in good order', async (t) => {
    for (const which of ['client', 'peer']) {
      const { client, peer, engine, releases } = await enterSlow(t)
      if (which === 'client') client.close()
      else peer.socket.end()
      await nextTurn()
      peer.socket.resume()
      await peer.untilEnded()
      await peer.untilReceived(
        Buffer.concat([64 * KIB, MORE_THAN_THE_KERNEL_TAKES, MIB].map(pattern)),
      )
      peer.socket.end()
      const kind = which === 'client' ? 'closed' : 'peer-closed'
      t.deepEqual(await engine.untilDisconnected(), { kind })
      await releases.untilAll()
    }
  })

  test('what the kernel has when both ends close still arrives', async (t) => {
    // Little enough that the kernel takes all of it, and so that it has both FINs before it is read.
    const sent = 256 * KIB
    for (const which of ['client', 'peer']) {
      const { client, peer, engine, releases } = await enter(t)
      peer.socket.pause()
      client.sendZeroCopy(...releases.block(sent))
      if (which === 'client') client.close()
      peer.socket.end()
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      peer.socket.resume()
      await peer.untilEnded()
      await peer.untilReceived(pattern(sent))
      t.is((await engine.untilDisconnected()).error, undefined)
      await releases.untilAll()
    }
  })

  test('what onReleased throws closes its client and nothing else', async (t) => {
    for (const throws of [oops, async () => oops()]) {
      const { client, engine, peer } = await enter(t)
      client.sendZeroCopy(pattern(20_000), throws)
      await peer.untilEnded()
      peer.socket.end()
      const { kind, error } = await engine.untilDisconnected()
      t.is(kind, 'hook-error')
      t.regex(error?.message ?? '', /onReleased threw: oops/)
      t.is(engine.stats().hookErrors, 1)
    }
  })

  test('held memory is a Uint8Array or several, and somebody is told of its release', async (t) => {
    const { client, engine } = await enter(t)
    const wrong = { code: 'ERR_CARILLON_ARGUMENT' }
    const values: unknown[] = ['ding', null, 5, [Buffer.from('ding'), 'dong'], new Uint16Array(4)]
    for (const data of values) {
      t.throws(() => client.sendZeroCopy(data as Uint8Array, oops), wrong)
    }
    for (const told of [undefined, 5, {}]) {
      t.throws(() => client.sendZeroCopy(Buffer.from('ding'), told as () => void), wrong)
    }
    t.like(engine.stats(), { messagesOut: 0, heldMessages: 0 })
  })
}
