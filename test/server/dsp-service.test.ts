import { randomFillSync } from 'node:crypto'
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { pino } from 'pino'
import { carillon } from '../../proto/generated/carillon.js'
import { DspService } from '../../src/server/dsp-service.ts'
import { SERVICE_LIMITS } from '../../src/server/limits.ts'
import { LIMITS, RING_KIND, RingControl } from '../../src/shm/shared-mem.ts'
import { viewStruct } from '../../src/shm/struct-view.ts'
import { coreProcess } from '../support/core-processes.ts'
import { RecordingPeer } from '../support/recording-peer.ts'
import { runningCore } from '../support/running-core.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }
const BLOCK = new Uint8Array(256)

async function newService(t: ExecutionContext) {
  const { core, region } = await runningCore(t)
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const service = new DspService({ cores: [core], region, logger })
  t.teardown(() => service.stop())
  return { core, region, service, lines }
}

async function openStream(peer: RecordingPeer): Promise<number> {
  peer.say({ request: 1, openStream: MONO })
  return (await peer.next()).streamOpened?.stream ?? 0
}

test('a service that was stopped plays nothing, whoever leaves afterwards', async (t) => {
  const { core, service } = await newService(t)
  const peer = new RecordingPeer(service)
  await openStream(peer)
  service.stop()
  peer.handler.onClose()
  while (core.streamCount > 0) await new Promise((resolve) => setImmediate(resolve))
  t.is(core.streamCount, 0, 'neither the stream nor the string')
})

test('a core that stands still gets no new stream while another beats', async (t) => {
  const still = await runningCore(t)
  const { core: other } = await runningCore(t)
  const service = new DspService({
    cores: [still.core, other],
    region: still.region,
    logger: pino({ level: 'silent' }, { write() {} }),
  })
  t.teardown(() => service.stop())
  const peer = new RecordingPeer(service)
  const pid = coreProcess(still.region.path)
  process.kill(pid, 'SIGSTOP')
  t.teardown(() => process.kill(pid, 'SIGCONT'))
  while (still.core.silentMs <= 500) await new Promise((resolve) => setImmediate(resolve))
  for (let stream = 0; stream < 5; stream++) t.not(await openStream(peer), 0)
  t.is(still.core.streamCount, 0)
  t.is(other.streamCount, 5)
  process.kill(pid, 'SIGCONT')
  while (still.core.silentMs > 0) await new Promise((resolve) => setImmediate(resolve))
  await openStream(peer)
  t.is(still.core.streamCount, 1, 'it has fewer streams, and beats again')
})

for (const [what, writeOver] of [
  ['zeros', (bytes: Uint8Array) => bytes.fill(0)],
  ['random bytes', (bytes: Uint8Array) => randomFillSync(bytes)],
] as const) {
  test(`a shared region that is written over with ${what} is made anew, and the core serves again`, async (t) => {
    const { region, service, lines } = await newService(t)
    const { session } = region
    const peer = new RecordingPeer(service)
    peer.say({ request: 1, openStream: MONO })
    t.is((await peer.next()).body, 'streamOpened')
    writeOver(region.memory.bytes)
    const lost = await peer.next()
    t.is(lost.error?.code, 'ERR_CARILLON_CORE_LOST')
    while ((await openStream(peer)) === 0) await new Promise((resolve) => setImmediate(resolve))
    t.true(region.isIntact)
    t.not(region.session, session)
    const damage = lines.filter((line) => line.includes('ERR_CARILLON_REGION_DAMAGED'))
    t.is(damage.length, 1)
  })
}

test('a shared region that cannot be mended is told once, and the service goes on', async (t) => {
  const { region, service, lines } = await newService(t)
  const peer = new RecordingPeer(service)
  peer.say({ request: 1, openStream: MONO })
  t.is((await peer.next()).body, 'streamOpened')
  const path = `/proc/self/fd/${region.fd}`
  const fd = openSync(path, 'r+')
  // As if its disk were full: there is nothing to write to.
  region.remove()
  ftruncateSync(fd, 0)
  closeSync(fd)
  t.is((await peer.next()).error?.code, 'ERR_CARILLON_CORE_LOST')
  const { hostStatus } = region.shared
  const before = hostStatus.heartbeat
  while (hostStatus.heartbeat < before + 3) await new Promise((resolve) => setImmediate(resolve))
  const told = lines.filter((line) => line.includes('no core can run'))
  t.is(told.length, 1)
  t.regex(told[0] ?? '', /"code":"ERR_CARILLON_REGION_TRUNCATED"/)
  t.is(await openStream(peer), 0)
})

test('the string plays while no client has a stream, and only then', async (t) => {
  const { service } = await newService(t)
  const listener = new RecordingPeer(service)
  listener.say({ request: 1, subscribe: { scope: true } })
  t.is((await listener.next()).body, 'subscribed')
  const heard = async (wanted: string) => {
    for (;;) {
      const { scope } = await listener.next()
      if (scope?.source === wanted) return scope
    }
  }
  const string = await heard('plucked string')
  t.is(string.sampleRateHz, 48_000)
  const player = new RecordingPeer(service, 'a player')
  const stream = await openStream(player)
  player.say({ samples: { stream, sequence: 0, data: BLOCK } })
  t.is((await heard('a player')).data?.length, BLOCK.length)
  player.handler.onClose()
  await heard('plucked string')
})

test('the string plays only while somebody listens', async (t) => {
  const { core, service } = await newService(t)
  const silent = async () => {
    while (core.streamCount > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.is(core.streamCount, 0)
  const listener = new RecordingPeer(service)
  for (let times = 0; times < 2; times++) {
    listener.say({ request: 1, subscribe: { scope: true } })
    t.is(core.streamCount, 1)
    listener.say({ request: 2, subscribe: {} })
    await silent()
  }
  listener.say({ request: 3, subscribe: { scope: true } })
  t.is(core.streamCount, 1)
  listener.handler.onClose()
  await silent()
  t.pass()
})

test('every request is answered once, a second close with an error', async (t) => {
  const { service } = await newService(t)
  const peer = new RecordingPeer(service)
  const stream = await openStream(peer)
  peer.say({ samples: { stream, sequence: 0, data: BLOCK } })
  peer.say({ request: 7, closeStream: { stream } })
  peer.say({ request: 8, closeStream: { stream } })
  peer.say({ samples: { stream, sequence: 1, data: BLOCK } })
  const answers = [await peer.next(), await peer.next(), await peer.next()]
  const byRequest = new Map(answers.map((answer) => [answer.request, answer]))
  t.is(byRequest.get(0)?.samples?.sequence, 0)
  t.is(byRequest.get(7)?.streamClosed?.blocksIn, 1)
  t.is(byRequest.get(8)?.error?.code, 'ERR_CARILLON_UNKNOWN_STREAM')
})

test('a close that is under way is answered when the core is lost', async (t) => {
  const { core, region, service } = await newService(t)
  const peer = new RecordingPeer(service)
  const stream = await openStream(peer)
  const ring = region.shared.rings.find(({ kind }) => kind === RING_KIND.FROM_CORE)
  const control = viewStruct(RingControl, region.memory, ring?.offset ?? 0, 'producer')
  peer.say({ request: 9, closeStream: { stream } })
  control.producer.tail = 0x70000000
  const answer = await peer.next()
  t.is(answer.request, 9)
  t.true(['error', 'streamClosed'].includes(answer.body ?? ''))
  t.truthy(core)
})

test('a core that is lost while a stream is opened leaves no stream, and the client is read on', async (t) => {
  const { region, service } = await newService(t)
  const peer = new RecordingPeer(service)
  const ring = region.shared.rings.find(({ kind }) => kind === RING_KIND.TO_CORE)
  const control = viewStruct(RingControl, region.memory, ring?.offset ?? 0, 'consumer')
  const taps = new Array(16_000).fill(0.1)
  const fir = { name: 'fir', parameters: [{ name: 'taps', values: taps }] }
  // The host looks at the core's position only when its ring runs full. A core that stands still
  // does not store another one meanwhile.
  process.kill(coreProcess(region.path), 'SIGSTOP')
  t.teardown(() => process.kill(coreProcess(region.path), 'SIGCONT'))
  control.consumer.head = 0x70000000
  peer.say({ request: 1, openStream: { ...MONO, effects: [fir, fir, fir, fir] } })
  const { error } = await peer.next()
  t.is(error?.code, 'ERR_CARILLON_CORE_LOST')
  t.false(peer.isPaused)
  t.is((peer.handler as { streamCount?: number }).streamCount, 0)
})

test('what a client writes reaches people cut and without what acts on a terminal', async (t) => {
  const { service, lines } = await newService(t)
  const peer = new RecordingPeer(service, `\u001b[2Jname${'x'.repeat(1000)}`)
  peer.say({ request: 1, openStream: { ...MONO, effects: [{ name: '\u001b[31m'.repeat(9000) }] } })
  const { error } = await peer.next()
  t.is(error?.code, 'ERR_CARILLON_UNKNOWN_EFFECT')
  t.true((error?.message?.length ?? 0) < 500)
  t.false(error?.message?.includes('\u001b'))
  t.true(lines.every((line) => line.length < 2000 && !line.includes('\\u001b')))
})

test('a client that errs all the time fills no log', async (t) => {
  const { service, lines } = await newService(t)
  const peer = new RecordingPeer(service)
  for (let index = 0; index < 1000; index++) {
    peer.say({ samples: { stream: 99, sequence: 0, data: BLOCK } })
    t.is((await peer.next()).error?.code, 'ERR_CARILLON_UNKNOWN_STREAM')
  }
  t.is(lines.length, 1)
})

test('any effects are opened or refused with a code, and the core goes on', async (t) => {
  const { core, service } = await newService(t)
  const peer = new RecordingPeer(service)
  const values = fc.oneof(
    fc.array(fc.double(), { maxLength: 3 }),
    fc.array(fc.double({ min: -2, max: 2 }), { minLength: 1, maxLength: 1 }),
    fc.integer({ min: 1, max: 20_000 }).map((length) => new Array(length).fill(0.5)),
  )
  const parameter = fc.record({
    name: fc.oneof(fc.constantFrom('taps', 'hz', 'q', 'db', ''), fc.string({ unit: 'binary' })),
    values,
  })
  const effect = fc.record({
    name: fc.oneof(fc.constantFrom(...core.catalogue.names, ''), fc.string({ unit: 'binary' })),
    parameters: fc.array(parameter, { maxLength: 6 }),
  })
  const open = fc.record({
    sampleRateHz: fc.oneof(fc.constant(48_000), fc.nat()),
    channels: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.nat()),
    effects: fc.array(effect, { maxLength: LIMITS.EFFECTS_MAX + 1 }),
  })
  const answers = new Set<string>()
  await fc.assert(
    fc.asyncProperty(open, async (openStream) => {
      peer.say({ request: 1, openStream })
      const { streamOpened, error } = await peer.next()
      answers.add(error?.code ?? 'opened')
      if (streamOpened) {
        peer.say({ request: 2, closeStream: { stream: streamOpened.stream ?? 0 } })
        t.is((await peer.next()).body, 'streamClosed')
      }
    }),
    { numRuns: 200 },
  )
  t.true([...answers].every((answer) => answer === 'opened' || answer.startsWith('ERR_CARILLON_')))
  t.false(answers.has('ERR_CARILLON_CORE_LOST'))
  t.is(core.status.boot, 1)
  t.true((await openStream(peer)) > 0)
})

test('with every slot in use and the memory of the core too, what runs goes on', async (t) => {
  const { core, service } = await newService(t)
  const perPeer = SERVICE_LIMITS.maxStreamsPerClient
  const peers = Array.from(
    { length: LIMITS.STREAMS_MAX / perPeer },
    (_, at) => new RecordingPeer(service, `peer ${at}`),
  )
  const taps = new Array(LIMITS.LIST_VALUES_MAX).fill(0)
  taps[0] = 1
  const fir = { name: 'fir', parameters: [{ name: 'taps', values: taps }] }
  // Two rounds: what the first held is there again for the second.
  const opened: number[] = []
  for (let round = 0; round < 2; round++) {
    let full = 0
    const streams = new Map<RecordingPeer, number[]>(peers.map((peer) => [peer, []]))
    for (const [peer, ids] of streams) {
      for (let at = 0; at < perPeer; at++) {
        peer.say({ request: 1, openStream: { ...MONO, effects: [fir, fir] } })
        const { streamOpened, error } = await peer.next()
        if (streamOpened) {
          full++
          ids.push(streamOpened.stream ?? 0)
        } else {
          t.is(error?.code, 'ERR_CARILLON_CORE_MEMORY')
          ids.push(await openStream(peer))
        }
      }
    }
    opened.push(full)
    t.is(core.streamCount, LIMITS.STREAMS_MAX)
    const late = new RecordingPeer(service)
    late.say({ request: 1, openStream: MONO })
    t.is((await late.next()).error?.code, 'ERR_CARILLON_LIMIT')
    late.handler.onClose()
    for (const [peer, ids] of streams) {
      const data = new Uint8Array(Float32Array.of(0.25, -0.5, 1).buffer)
      for (const stream of ids) peer.say({ samples: { stream, sequence: 0, data } })
      for (const _ of ids) t.deepEqual((await peer.next()).samples?.data, Buffer.from(data))
      for (const stream of ids) peer.say({ request: 3, closeStream: { stream } })
      for (const _ of ids) t.is((await peer.next()).body, 'streamClosed')
    }
  }
  t.true(Number(opened[0]) > 0)
  t.is(opened[1], opened[0])
})

test('a message of very many parts is refused before it is decoded', async (t) => {
  const { service } = await newService(t)
  const effects = Buffer.alloc(1_000_000)
  for (let at = 0; at < effects.length; at += 2) effects[at] = 0x1a
  const { OpenStream } = carillon.v1
  const open = Buffer.concat([OpenStream.encode(MONO).finish(), effects])
  const peer = new RecordingPeer(service)
  const length = [
    (open.length & 0x7f) | 0x80,
    ((open.length >> 7) & 0x7f) | 0x80,
    open.length >> 14,
  ]
  peer.handler.onMessage(Buffer.concat([Buffer.from([0x22, ...length]), open]))
  t.is((await peer.next()).error?.code, 'ERR_CARILLON_LIMIT')
  t.true(peer.isClosed)
})
