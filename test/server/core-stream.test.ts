import test from 'ava'
import { CoreStream, type CoreStreamHandler } from '../../src/server/core-stream.ts'
import { COMMAND } from '../../src/shm/shared-mem.ts'

const SHARE_BYTES = 100

/** A stream that is open, and what it puts on its ring while there is room. */
function opened() {
  const sent: [type: number, sequence: number, bytes: number][] = []
  const ring = { hasRoom: true }
  let flushes = 0
  const nothing = () => {}
  const handler: CoreStreamHandler = {
    ...{ onStarted: nothing, onFailed: nothing, onSamples: nothing, onClosed: nothing },
    onLost: nothing,
    onFlushed: () => flushes++,
  }
  const stream = new CoreStream({
    ...{ slot: 0, handler, bytesInFlightMax: SHARE_BYTES },
    send: (type, _stream, sequence, payload) => {
      if (ring.hasRoom) sent.push([type, sequence, payload.length])
      return ring.hasRoom
    },
  })
  return { stream, sent, ring, flushes: () => flushes }
}

const block = (bytes: number) => new Uint8Array(bytes)

test('a block over its share of the ring is offered again when one has come back', (t) => {
  const { stream, sent, flushes } = opened()
  t.true(stream.offer(0, block(60)))
  t.false(stream.isBlocked)
  t.false(stream.offer(1, block(41)))
  t.true(stream.isBlocked)
  // There is room on the ring, but not in its share.
  t.true(stream.flush())
  t.true(stream.isBlocked)
  stream.onSamples(0, block(60))
  t.false(stream.isBlocked)
  t.is(flushes(), 1)
  t.true(stream.offer(1, block(41)))
  t.deepEqual(sent, [
    [COMMAND.SAMPLES, 0, 60],
    [COMMAND.SAMPLES, 1, 41],
  ])
})

test('a block at its share is taken', (t) => {
  const { stream } = opened()
  t.true(stream.offer(0, block(60)))
  t.true(stream.offer(1, block(SHARE_BYTES - 60)))
  t.false(stream.offer(2, block(1)))
})

test('a block that the ring had no room for is offered again when there may be', (t) => {
  const { stream, sent, ring, flushes } = opened()
  ring.hasRoom = false
  t.false(stream.offer(0, block(8)))
  t.true(stream.isBlocked)
  t.true(stream.flush())
  t.is(flushes(), 1)
  // There is none yet.
  t.false(stream.offer(0, block(8)))
  t.true(stream.isBlocked)
  ring.hasRoom = true
  t.true(stream.flush())
  t.true(stream.offer(0, block(8)))
  t.deepEqual(sent, [[COMMAND.SAMPLES, 0, 8]])
})

test('a block that cannot be offered again is queued, as a copy and in order', (t) => {
  const { stream, sent, ring } = opened()
  ring.hasRoom = false
  const data = block(8)
  t.false(stream.offer(0, data))
  stream.queue(0, data)
  t.false(stream.offer(1, data))
  stream.queue(1, data)
  ring.hasRoom = true
  t.true(stream.flush())
  t.false(stream.isBlocked)
  t.deepEqual(
    sent.map(([, sequence]) => sequence),
    [0, 1],
  )
})

test('nothing is awaited of a stream that is abandoned', (t) => {
  const { stream, sent } = opened()
  t.true(stream.offer(0, block(SHARE_BYTES)))
  t.false(stream.offer(1, block(8)))
  stream.abandon()
  t.false(stream.isBlocked)
  t.deepEqual(sent.at(-1), [COMMAND.CLOSE, 0, 0])
})
