import test from 'ava'
import { pino } from 'pino'
import { decodeServerMessage, ServerMessage } from '../../proto/messages.ts'
import { ClientSession, type SessionOwner } from '../../src/server/client-session.ts'
import type { Peer } from '../../src/server/peer.ts'

/** A session of a client that has `queuedBytes` waiting, and what was sent to it. */
function openSession() {
  const sent: Uint8Array[] = []
  const peer = {
    address: '127.0.0.1:49152',
    transport: 'websocket',
    queuedBytes: 0,
    counters: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
    send: (message: Uint8Array) => sent.push(message),
    sendSamples: () => {
      throw new Error('not part of this test')
    },
    pause() {},
    resume() {},
    close() {},
  } satisfies Peer
  const unasked = () => {
    throw new Error('not part of this test')
  }
  const owner: SessionOwner = {
    logger: pino({ enabled: false }),
    welcome: unasked,
    describe: unasked,
    chooseCore: unasked,
    onSubscribed() {},
    onStreamOpened: unasked,
    onStreamEnded: unasked,
    onStreamSamples: unasked,
    onClosed() {},
  }
  return { session: new ClientSession(1, peer, owner), peer, sent }
}

test('a viewer that is behind misses snapshots, and hears how much of the scope it missed', (t) => {
  const { session, peer, sent } = openSession()
  t.teardown(() => session.onClose())
  const scope = ServerMessage.encode({
    scope: { source: 'a', sampleRateHz: 48_000, channels: 1, data: new Uint8Array(4 * 480) },
  }).finish()
  session.sendSnapshot(scope)
  peer.queuedBytes = 10 * 1024 * 1024
  session.sendSnapshot(scope)
  session.sendSnapshot(scope)
  t.is(sent.length, 1)
  t.is(session.skippedSnapshots, 2)
  peer.queuedBytes = 0
  session.sendSnapshot(scope)
  t.deepEqual(
    sent.map((message) => decodeServerMessage(message).scope?.skipped ?? 0),
    [0, 960],
  )
})
