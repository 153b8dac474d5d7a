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
    ...{ slot: 0, handler, bytesInFlightMax: () => SHARE_BYTES },
    send: (type, _stream, sequence, _source, start, end) => {
      if (ring.hasRoom) sent.push([type, sequence, end - start])
      return ring.hasRoom
    },
  })
  return { stream, sent, ring, flushes: () => flushes }
}

const SOURCE = new Uint8Array(2 * SHARE_BYTES)

/** Offers a block of so many bytes, out of the middle of others. */
function offer(stream: CoreStream, sequence: number, bytes: number): boolean {
  return stream.offer(sequence, SOURCE, 8, 8 + bytes)
}

test('a block over its share of the ring is offered again when one has come back', (t) => {
  const { stream, sent, flushes } = opened()
  t.true(offer(stream, 0, 60))
  t.false(stream.isBlocked)
  t.false(offer(stream, 1, 41))
  t.true(stream.isBlocked)
  // There is room on the ring, but not in its share.
  t.true(stream.flush())
  t.true(stream.isBlocked)
  stream.onSamples(0, SOURCE, 0, 60)
  t.false(stream.isBlocked)
  t.is(flushes(), 1)
  t.true(offer(stream, 1, 41))
  t.deepEqual(sent, [
    [COMMAND.SAMPLES, 0, 60],
    [COMMAND.SAMPLES, 1, 41],
  ])
})

test('a block at its share is taken', (t) => {
  const { stream } = opened()
  t.true(offer(stream, 0, 60))
  t.true(offer(stream, 1, SHARE_BYTES - 60))
  t.false(offer(stream, 2, 1))
})

test('short blocks count as the records that they take', (t) => {
  const { stream } = opened()
  for (let sequence = 0; sequence < 3; sequence++) t.true(offer(stream, sequence, 4))
  t.false(offer(stream, 3, 4), 'each takes 32 bytes of a ring')
  stream.onSamples(0, SOURCE, 0, 4)
  t.true(offer(stream, 3, 4))
})

test('a block that the ring had no room for is offered again when there may be', (t) => {
  const { stream, sent, ring, flushes } = opened()
  ring.hasRoom = false
  t.false(offer(stream, 0, 8))
  t.true(stream.isBlocked)
  t.true(stream.flush())
  t.is(flushes(), 1)
  // There is none yet.
  t.false(offer(stream, 0, 8))
  t.true(stream.isBlocked)
  ring.hasRoom = true
  t.true(stream.flush())
  t.true(offer(stream, 0, 8))
  t.deepEqual(sent, [[COMMAND.SAMPLES, 0, 8]])
})

test('a block that cannot be offered again is queued, as a copy and in order', (t) => {
  const { stream, sent, ring } = opened()
  ring.hasRoom = false
  const data = SOURCE.subarray(0, 8)
  t.false(offer(stream, 0, 8))
  stream.queue(0, data)
  t.false(offer(stream, 1, 8))
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
  t.true(offer(stream, 0, SHARE_BYTES))
  t.false(offer(stream, 1, 8))
  stream.abandon()
  t.false(stream.isBlocked)
  t.deepEqual(sent.at(-1), [COMMAND.CLOSE, 0, 0])
})
