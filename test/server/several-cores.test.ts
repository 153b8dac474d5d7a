import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { CarillonClient, type ClientStream } from '../../src/client/index.ts'
import type { FileCoreKind } from '../../src/cores/core-kind.ts'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { CarillonServer } from '../../src/server/carillon-server.ts'
import { DspService } from '../../src/server/dsp-service.ts'
import { SERVICE_LIMITS } from '../../src/server/limits.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { boardTest } from '../support/needs-board.ts'
import { RecordingPeer } from '../support/recording-peer.ts'
import { runningCore } from '../support/running-core.ts'
import { PATIENCE } from '../support/soak.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** What takes nearly all of a core: on bare metal in an emulator it takes less. */
const HEAVY = {
  hosted: { taps: LIMITS.LIST_VALUES_MAX, frames: 1024 },
  virt: { taps: 2048, frames: 512 },
  raspi3: { taps: 2048, frames: 512 },
} as const

function heavyChain(kind: FileCoreKind) {
  const taps = Array.from({ length: HEAVY[kind].taps }, (_, at) => (at === 0 ? 1 : 0))
  return [{ name: 'fir', parameters: { taps } }]
}

async function startServer(t: ExecutionContext, core: FileCoreKind, cores: number) {
  const server = await CarillonServer.start({ port: 0, core, cores })
  t.teardown(() => server.stop())
  const connect = async () => {
    const client = await CarillonClient.connect({ port: server.port, ...PATIENCE })
    t.teardown(() => client.close())
    return client
  }
  return { connect }
}

/** Passes a block through a stream. */
async function echo(stream: ClientStream): Promise<boolean> {
  const block = Float32Array.of(0.25, -0.5, stream.core)
  await stream.send(block)
  for await (const { data } of stream) return Buffer.from(block.buffer).equals(data)
  return false
}

/** Keeps a stream busy until the connection ends, as fast as its core is. */
async function keepBusy(stream: ClientStream, frames: number): Promise<void> {
  const block = new Float32Array(frames).fill(0.5)
  const sending = (async () => {
    for (;;) await stream.send(block)
  })()
  const receiving = (async () => {
    for await (const _ of stream);
  })()
  await Promise.allSettled([sending, receiving])
}

/** Resolves when telemetry says of a core what is wanted. */
function loadOf(client: CarillonClient, index: number, isWanted: (load: number) => boolean) {
  return new Promise<void>((resolve) => {
    client.on('telemetry', ({ cores }) => {
      if (isWanted(cores[index]?.load ?? 0)) resolve()
    })
  })
}

for (const { kind, cores, declare } of [
  { kind: 'hosted', cores: 2, declare: test },
  { kind: 'hosted', cores: 4, declare: test },
  { kind: 'virt', cores: 4, declare: boardTest(VIRT_BOARD) },
] as const) {
  const server = `a server of ${cores} ${kind} cores`

  declare(
    `the streams of many clients on ${server} land on all of them`,
    async (t: ExecutionContext) => {
      const { connect } = await startServer(t, kind, cores)
      const clients = await Promise.all(Array.from({ length: 3 * cores }, connect))
      const streams = await Promise.all(clients.map((client) => client.openStream(MONO)))
      const counts = Array.from(
        { length: cores },
        (_, index) => streams.filter(({ core }) => core === index).length,
      )
      t.deepEqual(
        counts,
        counts.map(() => 3),
      )
      for (const right of await Promise.all(streams.map(echo))) t.true(right)
    },
  )

  declare(`a client of ${server} gets the core that it asks for`, async (t: ExecutionContext) => {
    const { connect } = await startServer(t, kind, cores)
    const client = await connect()
    for (const core of [cores - 1, cores - 1, 0, 0, 1]) {
      const stream = await client.openStream({ ...MONO, core })
      t.is(stream.core, core)
      t.true(await echo(stream))
    }
    await t.throwsAsync(() => client.openStream({ ...MONO, core: cores }), {
      code: 'ERR_CARILLON_UNKNOWN_CORE',
      message: new RegExp(`there is no core ${cores}: the server's cores are 0, 1`),
    })
  })

  declare(
    `a heavy chain on ${server} keeps the next streams off its core`,
    async (t: ExecutionContext) => {
      const { connect } = await startServer(t, kind, cores)
      const client = await connect()
      const busy = cores - 2
      const heavy = await client.openStream({ ...MONO, effects: heavyChain(kind), core: busy })
      const ended = keepBusy(heavy, HEAVY[kind].frames)
      await client.subscribe({ telemetry: true })
      await loadOf(client, busy, (load) => load > 0.6)
      const others = await Promise.all(Array.from({ length: cores }, () => client.openStream(MONO)))
      t.deepEqual(
        others.filter(({ core }) => core === busy),
        [],
      )
      await client.close()
      await ended
    },
  )
}

test('a core index is a whole number', async (t) => {
  const { connect } = await startServer(t, 'hosted', 1)
  const client = await connect()
  for (const core of [-1, 0.5, Number.NaN, 2 ** 32]) {
    await t.throwsAsync(() => client.openStream({ ...MONO, core }), {
      code: 'ERR_CARILLON_ARGUMENT',
    })
  }
  await t.throwsAsync(() => client.openStream({ ...MONO, core: 2 ** 32 - 1 }), {
    code: 'ERR_CARILLON_UNKNOWN_CORE',
  })
})

async function serviceOfTwo(t: ExecutionContext) {
  const first = await runningCore(t)
  const second = await runningCore(t, { core: 1 }, 2)
  const service = new DspService({
    cores: [first.core, second.core],
    region: first.region,
    logger: pino({ level: 'silent' }),
  })
  t.teardown(() => service.stop())
  return { first: first.core, second: second.core, service }
}

async function open(peer: RecordingPeer, core?: number) {
  peer.say({ request: 1, openStream: { ...MONO, ...(core !== undefined && { core }) } })
  const { streamOpened, error } = await peer.next()
  return streamOpened?.core ?? error?.code
}

test('a core that is full leaves the streams to others, and refuses who asks for it', async (t) => {
  const { first, second, service } = await serviceOfTwo(t)
  const perPeer = SERVICE_LIMITS.maxStreamsPerClient
  const newPeer = () => new RecordingPeer(service)
  for (const [core, managed] of [first, second].entries()) {
    for (let opened = 0; opened < LIMITS.STREAMS_MAX; opened += perPeer) {
      const peer = newPeer()
      for (let at = 0; at < perPeer; at++) t.is(await open(peer, core), core)
    }
    t.is(managed.streamCount, LIMITS.STREAMS_MAX)
    const late = newPeer()
    t.is(await open(late, core), 'ERR_CARILLON_LIMIT')
    t.is(await open(late), core === 0 ? 1 : 'ERR_CARILLON_LIMIT')
    late.handler.onClose()
    // Its slot is free when the core says so.
    while (second.streamCount > core * LIMITS.STREAMS_MAX) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
})

test('a core that does not run leaves the streams to others, and refuses who asks for it', async (t) => {
  const { first, second, service } = await serviceOfTwo(t)
  await first.stop()
  const peer = new RecordingPeer(service)
  t.deepEqual([await open(peer), await open(peer), await open(peer, 1)], [1, 1, 1])
  t.is(await open(peer, 0), 'ERR_CARILLON_CORE_UNAVAILABLE')
  await second.stop()
  while ((await peer.next()).error?.code !== 'ERR_CARILLON_CORE_LOST');
  const other = new RecordingPeer(service)
  t.is(await open(other), 'ERR_CARILLON_CORE_UNAVAILABLE')
})
