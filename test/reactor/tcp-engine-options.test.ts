import test from 'ava'
import {
  resolveOptions,
  SLOW_CLIENT_POLICIES,
  type TcpEngineOptions,
} from '../../src/reactor/tcp-engine-options.ts'
import { RecordingEngine } from './recording-engine.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

test('the defaults', (t) => {
  const { transport, logger, ...rest } = resolveOptions({})
  t.deepEqual(rest, {
    maxQueuedBytes: 4 * MIB,
    maxQueuedMessages: 65_536,
    slowClientPolicy: 'disconnect',
    highWatermarkBytes: MIB,
    lowWatermarkBytes: 256 * KIB,
    idleTimeoutMs: 0,
    handshakeTimeoutMs: 0,
    messageTimeoutMs: 0,
    closeTimeoutMs: 5000,
    stopTimeoutMs: 5000,
    messages: 'owned',
    senderRingBytes: 4 * MIB,
    noDelay: true,
  })
  t.is(logger.level, 'silent')
  t.not(transport, resolveOptions({}).transport)
})

test('senderRingBytes is a power of two from 16 KiB to 1 GiB', (t) => {
  t.is(resolveOptions({ senderRingBytes: 16 * KIB }).senderRingBytes, 16 * KIB)
  t.is(resolveOptions({ senderRingBytes: GIB }).senderRingBytes, GIB)
  for (const senderRingBytes of [8 * KIB, 2 * GIB, 17 * KIB, 0, Number.NaN]) {
    t.throws(() => resolveOptions({ senderRingBytes }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('the watermarks follow the limit and each other', (t) => {
  t.like(resolveOptions({ maxQueuedBytes: 64 * KIB }), {
    highWatermarkBytes: 16 * KIB,
    lowWatermarkBytes: 4 * KIB,
  })
  t.like(resolveOptions({ maxQueuedBytes: GIB }), { highWatermarkBytes: MIB })
  t.like(resolveOptions({ maxQueuedBytes: 1 }), { highWatermarkBytes: 0, lowWatermarkBytes: 0 })
  t.like(resolveOptions({ highWatermarkBytes: 100 }), { lowWatermarkBytes: 25 })
})

const ranges: [keyof TcpEngineOptions, number, number][] = [
  ['maxQueuedBytes', 1, GIB],
  ['maxQueuedMessages', 1, 16 * MIB],
  ['highWatermarkBytes', 0, 4 * MIB],
  ['lowWatermarkBytes', 0, MIB],
  ['idleTimeoutMs', 0, 2 ** 31 - 1],
  ['handshakeTimeoutMs', 0, 2 ** 31 - 1],
  ['messageTimeoutMs', 0, 2 ** 31 - 1],
  ['closeTimeoutMs', 0, 2 ** 31 - 1],
  ['stopTimeoutMs', 0, 2 ** 31 - 1],
]
for (const [name, least, most] of ranges) {
  test(`${name} is an integer from ${least} to ${most}`, (t) => {
    for (const value of [least, most]) t.is(resolveOptions({ [name]: value })[name], value)
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, '1']) {
      t.throws(() => resolveOptions({ [name]: value }), {
        code: 'ERR_CARILLON_ARGUMENT',
        message: `${name} is an integer from ${least} to ${most}, not ${value}`,
      })
    }
  })
}

test('an unknown word is refused', (t) => {
  for (const name of ['messages', 'slowClientPolicy']) {
    t.throws(() => resolveOptions({ [name]: 'lent' }), {
      code: 'ERR_CARILLON_ARGUMENT',
      message: /^\w+ is one of \w+, [\w, -]+, not lent$/,
    })
  }
})

test('every policy for a slow client is one', (t) => {
  for (const slowClientPolicy of SLOW_CLIENT_POLICIES) {
    t.is(resolveOptions({ slowClientPolicy }).slowClientPolicy, slowClientPolicy)
  }
})

test('an engine refuses options out of range as it is made', (t) => {
  t.throws(() => new RecordingEngine({}, { maxQueuedBytes: 0 }), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('init refuses what cannot be listened on', (t) => {
  const engine = new RecordingEngine({}, {})
  for (const port of [0, 65535]) engine.init(port)
  for (const port of [-1, 65536, 1.5, Number.NaN]) {
    t.throws(() => engine.init(port), {
      code: 'ERR_CARILLON_ARGUMENT',
      message: `port is an integer from 0 to 65535, not ${port}`,
    })
  }
  for (const maxClients of [1, MIB]) engine.init(0, '127.0.0.1', maxClients)
  for (const maxClients of [0, MIB + 1, 1.5]) {
    t.throws(() => engine.init(0, '127.0.0.1', maxClients), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.throws(() => engine.init(0, ''), { code: 'ERR_CARILLON_ARGUMENT' })
})
