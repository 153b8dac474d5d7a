import test from 'ava'
import { pino } from 'pino'
import type { CoreStreamHandler } from '../../src/server/core-stream.ts'
import { ManagedCore } from '../../src/server/managed-core.ts'
import { RING_KIND, RingControl } from '../../src/shm/shared-mem.ts'
import { viewStruct } from '../../src/shm/struct-view.ts'
import { coreProcess, coreProcesses } from '../support/core-processes.ts'
import { running, runningCore } from '../support/running-core.ts'
import { sendBlock } from '../support/send-block.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** Opens a stream and says how that ends: `started`, `failed` or `lost`. */
function open(core: ManagedCore, hz?: number) {
  const effects =
    hz === undefined ? [] : [{ name: 'lowpass', parameters: [{ name: 'hz', values: [hz] }] }]
  const encoded = effects.map((effect, at) => core.catalogue.encode(effect, at, core.blockBytesMax))
  let settle: (how: string) => void = () => {}
  const opened = new Promise<string>((resolve) => {
    settle = resolve
  })
  let close: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const handler: CoreStreamHandler = {
    onStarted: () => settle('started'),
    onFailed: () => settle('failed'),
    onLost: () => settle('lost'),
    onSamples: () => {},
    onFlushed: () => {},
    onClosed: () => close(),
  }
  return { stream: core.openStream(MONO, encoded, handler), opened, closed }
}

test('a stream that fails while it is being closed does not end the next one in its slot', async (t) => {
  const { core } = await runningCore(t)
  const failing = open(core, 24_000)
  failing.stream.close()
  t.is(await failing.opened, 'failed')
  const others = [open(core), open(core), open(core)]
  for (const { opened } of others) t.is(await opened, 'started')
  await failing.closed
  t.is(core.streamCount, 3)
  for (const { stream, closed } of others) {
    stream.close()
    await closed
  }
  t.is(core.streamCount, 0)
  t.is(await open(core).opened, 'started')
})

test('a core that hangs is started again, and its streams are lost', async (t) => {
  const { core, region } = await runningCore(t, { silentTimeoutMs: 200 })
  const { opened, stream } = open(core)
  t.is(await opened, 'started')
  const lost = new Promise<Error>((resolve) => core.once('lost', resolve))
  process.kill(coreProcess(region.path), 'SIGSTOP')
  t.like(await lost, { code: 'ERR_CARILLON_CORE_LOST' })
  t.is(core.streamCount, 0)
  sendBlock(stream, 0, new Uint8Array(8))
  await running(core)
  t.is(core.status.boot, 2)
  t.is(await open(core).opened, 'started')
})

test('a core that keeps damaging its ring is started again', async (t) => {
  const { core, region } = await runningCore(t)
  const ring = region.shared.rings.find(({ kind }) => kind === RING_KIND.TO_CORE)
  const control = viewStruct(RingControl, region.memory, ring?.offset ?? 0, 'consumer')
  const long = { name: 'fir', parameters: [{ name: 'taps', values: new Array(16_000).fill(0) }] }
  const chain = [0, 1, 2, 3].map((at) => core.catalogue.encode(long, at, core.blockBytesMax))
  let rounds = 0
  while (core.status.boot === 1) {
    await running(core)
    rounds++
    const pid = coreProcess(region.path)
    const ended = new Promise<void>((resolve) => {
      // The host looks at the core's position only when its ring runs full: the chain fills it. A
      // core that stands still does not store another one meanwhile.
      process.kill(pid, 'SIGSTOP')
      control.consumer.head = 0x70000000
      core.openStream(MONO, chain, {
        onStarted: resolve,
        onFailed: () => resolve(),
        onLost: () => resolve(),
        onSamples: () => {},
        onFlushed: () => {},
        onClosed: () => {},
      })
    })
    await ended
    process.kill(pid, 'SIGCONT')
    if (rounds === 3) await new Promise((resolve) => core.once('lost', resolve))
    await running(core)
  }
  t.is(rounds, 3)
  t.is(await open(core).opened, 'started')
})

test('a core can be stopped while it is being started again', async (t) => {
  const { core, region } = await runningCore(t)
  const lost = new Promise<Error>((resolve) => core.once('lost', resolve))
  process.kill(coreProcess(region.path), 'SIGKILL')
  await lost
  await core.stop()
  t.is(core.state, 'offline')
  t.deepEqual(coreProcesses(region.path), [])
})

test('a core can be stopped while it starts, and who waits for it learns that', async (t) => {
  const { core, region } = await runningCore(t)
  await core.stop()
  const other = new ManagedCore({ region, core: 0, logger: pino({ level: 'silent' }) })
  const started = other.start()
  const stopped = other.stop()
  await t.throwsAsync(started, { code: 'ERR_CARILLON_CORE_LOST' })
  await stopped
  t.deepEqual(coreProcesses(region.path), [])
})

test('a stream keeps its share of the ring, and everything comes back in order', async (t) => {
  const { core } = await runningCore(t)
  const blocks = 200
  const data = new Uint8Array(16_384)
  const sequences: number[] = []
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    let mostUsed = 0
    const pump = () => {
      while (sent < blocks && sendBlock(stream, sent++, data)) {
        mostUsed = Math.max(mostUsed, Number(core.rings[0]?.usedBytes))
      }
    }
    const stream = core.openStream(MONO, [], {
      onStarted: pump,
      onFailed: () => reject(new Error('failed')),
      onLost: reject,
      onFlushed: pump,
      onClosed: () => {
        t.true(mostUsed <= 64 * 1024, `${mostUsed} bytes of 262,144 were one stream's`)
        resolve()
      },
      onSamples: (sequence) => {
        sequences.push(sequence)
        if (sequences.length === blocks) stream.close()
      },
    })
  })
  t.deepEqual(
    sequences,
    Array.from({ length: blocks }, (_, at) => at),
  )
})
