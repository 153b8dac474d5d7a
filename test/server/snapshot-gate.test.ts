import test from 'ava'
import { ServerMessage } from '../../proto/messages.ts'
import { SnapshotGate } from '../../src/server/snapshot-gate.ts'

const LIMIT = 1000

const encode = (message: ServerMessage) => ServerMessage.encode(message).finish()

function scope(frames: number, skipped = 0): Uint8Array {
  const data = new Uint8Array(frames * 2 * Float32Array.BYTES_PER_ELEMENT)
  return encode({ scope: { source: 'a', sampleRateHz: 48_000, channels: 2, data, skipped } })
}

const scopeIn = (message: Uint8Array | undefined) => message && ServerMessage.decode(message).scope

function skippedIn(message: Uint8Array | undefined): number | undefined {
  return message && (scopeIn(message)?.skipped ?? 0)
}

test('everything passes to a client that keeps up', (t) => {
  const gate = new SnapshotGate(LIMIT)
  const messages = [encode({ telemetry: { uptimeS: 1 } }), scope(480), encode({ telemetry: {} })]
  for (const message of messages) t.is(gate.admit(message, LIMIT), message)
  t.is(gate.dropped, 0)
})

test('a client that is behind gets neither telemetry nor scope', (t) => {
  const gate = new SnapshotGate(LIMIT)
  t.is(gate.admit(encode({ telemetry: { uptimeS: 1 } }), LIMIT + 1), undefined)
  t.is(gate.admit(scope(480), LIMIT + 1), undefined)
  t.is(gate.dropped, 2)
})

test('the next scope tells of every frame that was left out, once', (t) => {
  const gate = new SnapshotGate(LIMIT)
  gate.admit(scope(480), LIMIT + 1)
  gate.admit(scope(100, 7), LIMIT + 1)
  gate.admit(encode({ telemetry: { uptimeS: 1 } }), LIMIT + 1)
  const telemetry = encode({ telemetry: { uptimeS: 2 } })
  t.is(gate.admit(telemetry, 0), telemetry)
  const next = gate.admit(scope(64, 3), 0)
  t.is(skippedIn(next), 480 + 100 + 7 + 3)
  t.is(scopeIn(next)?.dropped, 480 + 100, 'of these it is the client that was too slow')
  t.is(scopeIn(next)?.data?.length, 64 * 2 * 4)
  t.is(skippedIn(gate.admit(scope(64), 0)), 0)
})

test('frames of a source that is too fast are not the fault of the client', (t) => {
  const gate = new SnapshotGate(LIMIT)
  t.is(scopeIn(gate.admit(scope(64, 1000), 0))?.dropped ?? 0, 0)
})

test('a count of missing frames that its field cannot hold stays at the most that it can', (t) => {
  const gate = new SnapshotGate(LIMIT)
  gate.admit(scope(480, 2 ** 32 - 1), LIMIT + 1)
  t.is(skippedIn(gate.admit(scope(1), 0)), 2 ** 32 - 1)
})
