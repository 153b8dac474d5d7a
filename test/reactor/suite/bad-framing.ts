import test from 'ava'
import { CarillonError } from '../../../src/errors.ts'
import type { FullMessageInfo } from '../../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../../src/framing/length-prefixed-strategy.ts'
import { frames } from '../recording-engine.ts'
import { oops, type Stage, strategyOf } from './stage.ts'

/** Framing that goes wrong. */
export function badFramingSuite({ open, withRoom }: Stage): void {
  const misbehaving: [string, (chunk: Buffer, info: FullMessageInfo) => number, RegExp][] = [
    ['answers -1', () => -1, /cannot read/],
    ['takes nothing', () => 0, /no progress/],
    ['takes more than there is', (chunk) => chunk.length + 1, /took 4 of 3/],
    ['takes less than nothing', () => -2, /took -2 of 3/],
    ['takes a part of a byte', () => 0.5, /took 0.5 of 3/],
    ['takes no number', () => Number.NaN, /took NaN of 3/],
    ['throws', oops, /threw: oops/],
    [
      'completes messages for ever',
      (_chunk, info) => {
        info.complete = true
        return 0
      },
      /no progress/,
    ],
  ]
  for (const [what, processData, message] of misbehaving) {
    test(`a strategy that ${what} ends the connection`, async (t) => {
      const scene = await open(t, {
        strategy: () => strategyOf(processData),
        failed: (client) => {
          t.is(client.sendData(Buffer.from('goodbye')), withRoom)
        },
      })
      const { engine } = scene
      const peer = await scene.connect()
      peer.socket.write('abc')
      await peer.untilEnded()
      peer.socket.end()
      const { kind, error } = await engine.untilDisconnected()
      t.is(kind, 'framing-error')
      t.is(error?.code, 'ERR_CARILLON_FRAMING')
      t.regex(error?.message ?? '', message)
      t.deepEqual(engine.errors, [error])
      t.is(peer.received.toString(), 'goodbye')
      t.true(engine.messages.length <= 1)
      t.is(engine.stats().discardedBytes, 3)
    })
  }

  test("a strategy's own error is the one that is told", async (t) => {
    const own = new CarillonError('ERR_CARILLON_OWN', 'not my protocol')
    const scene = await open(t, {
      strategy: () =>
        strategyOf((_chunk, info) => {
          info.error = own
          return -1
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end('abc')
    t.is((await engine.untilDisconnected()).error, own)
  })

  test('a message may end where the next byte shows it', async (t) => {
    // Messages are runs of one letter.
    const scene = await open(t, {
      strategy: () =>
        strategyOf((chunk, info) => {
          if (info.filledBytes > 0 && chunk[0] !== info.buffer[0]) {
            info.complete = true
            return 0
          }
          info.buffer = Buffer.concat([info.buffer, chunk.subarray(0, 1)])
          info.filledBytes++
          return 1
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end('aabccc.')
    await engine.untilDisconnected()
    t.deepEqual(engine.messages.map(String), ['aa', 'b', 'ccc'])
  })

  test('what comes before the damage is delivered, what comes after is not', async (t) => {
    const scene = await open(t, {
      strategy: () => new LengthPrefixedStrategy({ lengthBytes: 2, maxMessageBytes: 10 }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.end(frames('good', 'far too long for this one', 'good again'))
    await engine.untilDisconnected()
    t.deepEqual(engine.log, [
      'connected 1',
      'message 1 good',
      'failed 1 ERR_CARILLON_MESSAGE_TOO_LARGE',
      'disconnected 1 framing-error',
    ])
  })

  test('skipped messages are in the counters, of the client and of all', async (t) => {
    const scene = await open(t, {
      strategy: () =>
        new LengthPrefixedStrategy({
          lengthBytes: 2,
          maxMessageBytes: 5,
          onTooLarge: 'skip',
        }),
    })
    const { engine } = scene
    const peer = await scene.connect()
    peer.socket.write(frames('good', 'not good', 'fine'))
    await engine.untilLogged('message 1 fine')
    for (const stats of [() => engine.client().stats(), () => engine.stats()]) {
      t.like(stats(), { messagesIn: 2, skippedMessages: 1, skippedBytes: 8 })
    }
    peer.socket.end()
    await engine.untilDisconnected()
    t.like(engine.stats(), { messagesIn: 2, skippedMessages: 1, skippedBytes: 8 })
  })
}
