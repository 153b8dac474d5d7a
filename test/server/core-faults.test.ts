import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient, samplesOf } from '../../src/client/index.ts'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { errorCode } from '../../src/errors.ts'
import { CarillonServer } from '../../src/server/carillon-server.ts'
import type { CoreFault } from '../../src/server/core-fault.ts'
import type { CoreStreamHandler } from '../../src/server/core-stream.ts'
import type { ManagedCore } from '../../src/server/managed-core.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { coreProcess } from '../support/core-processes.ts'
import { buildFaultsFirmware } from '../support/firmware-tool.ts'
import {
  KIND_OF,
  linesOf,
  PROVOKE,
  PROVOKED_IN,
  type Provoked,
} from '../support/provoked-faults.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { running, runningCore } from '../support/running-core.ts'
import { sendBlock } from '../support/send-block.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** Tests run side by side, and two builds in one place would disturb each other. */
let building: Promise<string> | undefined
function firmwareOnce(): Promise<string> {
  building ??= buildFaultsFirmware('hosted', 'server')
  return building
}

/** Those whose place in the source is known. */
const PROVOKED = ['undefined', 'read', 'write', 'jump', 'stack', 'assert', 'divide'] as const

/** Passes a block through the effect `fault`. Resolves with how the stream ends, or that it came back. */
async function provoke(core: ManagedCore, provoked: Provoked): Promise<Error | undefined> {
  const effect = {
    name: 'fault',
    parameters: [{ name: 'kind', values: [PROVOKE[provoked]] }],
  }
  const encoded = core.catalogue.encode(effect, 0, core.blockBytesMax)
  return await new Promise((resolve) => {
    const ignore = () => {}
    const handler: CoreStreamHandler = {
      ...{ onFailed: ignore, onFlushed: ignore, onClosed: ignore },
      onStarted: () => sendBlock(stream, 0, new Uint8Array(16)),
      onSamples: () => resolve(undefined),
      onLost: resolve,
    }
    const stream = core.openStream(MONO, [encoded], handler)
  })
}

function nextFault(core: ManagedCore): Promise<CoreFault> {
  return new Promise((resolve) => core.once('fault', resolve))
}

async function faultingCore(t: ExecutionContext) {
  const firmware = await firmwareOnce()
  const recorded = recordingLogger()
  const { core, region } = await runningCore(t, { firmware, logger: recorded.logger })
  return { core, region, ...recorded }
}

for (const provoked of PROVOKED) {
  test(`${KIND_OF[provoked]} (${provoked}) is told with its line, and the core is started again`, async (t) => {
    const { core, lines } = await faultingCore(t)
    const [fault, told, error] = await Promise.all([
      nextFault(core),
      provoke(core, provoked),
      new Promise<Error>((resolve) => core.once('lost', resolve)),
    ])
    t.like(told, { code: 'ERR_CARILLON_CORE_FAULT' })
    t.like(error, { code: 'ERR_CARILLON_CORE_FAULT' })
    t.is(fault.report?.kind, KIND_OF[provoked])
    t.is(fault.source?.file, PROVOKED_IN, fault.message)
    t.true(linesOf(provoked).includes(fault.source?.line ?? 0), fault.message)
    t.is(fault.report?.lines.at(-1)?.message, `provoking ${PROVOKE[provoked]}`)
    t.is(fault.report?.boot, 1)
    const errors = lines.filter(({ level }) => level === 50)
    t.is(errors.length, 1, 'one line of the log, and no other error')
    t.like(errors[0], {
      code: 'ERR_CARILLON_CORE_FAULT',
      msg: fault.message,
      kind: KIND_OF[provoked],
    })
    t.is(errors[0]?.source, `${PROVOKED_IN}:${fault.source?.line}`)
    await running(core)
    t.is(core.status.boot, 2)
  })
}

test('a core that gives itself up has no line of its own, and a bare address', async (t) => {
  const { core } = await faultingCore(t)
  const [fault] = await Promise.all([nextFault(core), provoke(core, 'abort')])
  t.is(fault.report?.kind, 'abort')
  t.is(fault.source, undefined)
  t.regex(fault.message, /^core 0 faulted: abort at 0x[0-9a-f]+$/)
  await running(core)
})

test('a fault while a fault is reported ends the core all the same', async (t) => {
  const { core } = await faultingCore(t)
  const [fault, told] = await Promise.all([nextFault(core), provoke(core, 'again')])
  t.is(fault.report, undefined)
  t.is(fault.message, 'core 0 faulted, and again while it wrote why')
  t.like(told, { code: 'ERR_CARILLON_CORE_FAULT' })
  await running(core)
  t.is(core.status.boot, 2)
})

test('a core that ends without a fault is lost, as before', async (t) => {
  const { core, region } = await faultingCore(t)
  const [fault] = await Promise.all([nextFault(core), provoke(core, 'read')])
  t.is(fault.report?.boot, 1)
  await running(core)
  const lost = new Promise<Error>((resolve) => core.once('lost', resolve))
  process.kill(coreProcess(region.path), 'SIGKILL')
  t.like(await lost, { code: 'ERR_CARILLON_CORE_LOST' })
})

/** Streams until `isOver`. Resolves with how many blocks went in, and how many came back right. */
async function streamUntil(client: CarillonClient, isOver: () => boolean, onFirst: () => void) {
  let right = 0
  const stream = await client.openStream({
    ...MONO,
    onBlock: ({ sequence, data, lost }) => {
      onFirst()
      if (lost === 0 && samplesOf(data)[0] === sequence) right++
    },
  })
  for (let sent = 0; !isOver() || sent < 100; sent++) {
    await stream.send(new Float32Array(256).fill(sent))
  }
  const { blocksIn } = await stream.close()
  return { blocksIn, right }
}

test('a core that faults costs its own streams, and three others lose nothing', async (t) => {
  const firmware = await firmwareOnce()
  const { logger, lines } = recordingLogger()
  const server = await CarillonServer.start({ port: 0, cores: 4, firmware, logger })
  t.teardown(() => server.stop())
  const connect = async () => {
    const client = await CarillonClient.connect({ port: server.port })
    t.teardown(() => client.close())
    return client
  }
  let isOver = false
  const streaming = [0, 1, 2].map(async () => {
    const client = await connect()
    let streams: Promise<{ blocksIn: number; right: number }> | undefined
    await new Promise<void>((resolve) => {
      streams = streamUntil(client, () => isOver, resolve)
    })
    return { result: streams }
  })
  const others = await Promise.all(streaming)
  const client = await connect()
  const told = await t.throwsAsync(async () => {
    const stream = await client.openStream({
      ...MONO,
      effects: [{ name: 'fault', parameters: { kind: PROVOKE.assert } }],
    })
    await stream.send(new Float32Array(256))
    await stream.close()
  })
  t.is(errorCode(told), 'ERR_CARILLON_CORE_FAULT')
  t.regex(
    told?.message ?? '',
    /core \d faulted: failed assertion at 0x[0-9a-f]+; 1 blocks were on their way/,
  )
  isOver = true
  for (const { result } of others) {
    const { blocksIn, right } = (await result) ?? { blocksIn: 0, right: -1 }
    t.is(right, blocksIn)
  }
  const faults = lines.filter(({ code }) => code === 'ERR_CARILLON_CORE_FAULT')
  t.is(faults.filter(({ level }) => level === 50).length, 1)
})

test('a file that took the place of the firmware says nothing of the fault', async (t) => {
  const firmware = join(temporaryFolder(t), 'carillon-core')
  copyFileSync(await firmwareOnce(), firmware)
  const { core } = await runningCore(t, { firmware })
  const other = `${firmware}.other`
  copyFileSync(HOSTED_FIRMWARE, other)
  renameSync(other, firmware)
  const [fault] = await Promise.all([nextFault(core), provoke(core, 'read')])
  t.is(fault.source, undefined)
  t.regex(fault.message, /^core 0 faulted: data abort at 0x[0-9a-f]+, touching 0x10$/)
  await running(core)
})

test("a core's trace is logged with its level, its clock and its number", async (t) => {
  const { core, lines, next } = await faultingCore(t)
  t.is(await provoke(core, 'text'), undefined)
  while (!lines.some(({ level, core: index }) => level === 50 && index === 0)) {
    core.look()
    if (!lines.some(({ level }) => level === 50)) await Promise.race([next(), immediate()])
  }
  const started = lines.find(({ msg }) => String(msg).startsWith('started, boot 1'))
  t.like(started, { level: 30, core: 0, trace: 0 })
  t.true(Number(started?.coreTimeUs) > 0)
  const text = lines.find(({ level }) => level === 50)
  t.is(text?.msg, '\ufffd[2Jred\ufffd\ufffd\ufffd\ufffd', 'nothing that would act on a terminal')
})

test('what does not fit in a trace is counted and told, and the core does not wait', async (t) => {
  const { core, lines } = await faultingCore(t)
  // The lines of the start are out of the way.
  core.look()
  const before = core.status.traceLost
  t.is(await provoke(core, 'flood'), undefined)
  core.look()
  const lost = core.status.traceLost - before
  t.true(lost >= 100 - LIMITS.TRACE_RECORDS, `${lost}`)
  t.true(lines.some(({ traceLost }) => traceLost === lost))
  t.true(lines.filter(({ msg }) => String(msg).startsWith('flood ')).length > 0)
})

test('the last lines of a core that is stopped are logged', async (t) => {
  const { logger, lines } = recordingLogger()
  const { core } = await runningCore(t, { logger })
  await core.stop()
  const stopping = lines.filter(({ msg }) => msg === 'stopping')
  t.is(stopping.length, 1)
  t.like(stopping[0], { level: 30, core: 0 })
})

test('only a build that asks for it can be made to fault', async (t) => {
  const names = async (path: string) => (await readElfFile(path)).symbols().map(({ name }) => name)
  t.true((await names(await firmwareOnce())).includes('effect_fault'))
  t.false((await names(HOSTED_FIRMWARE)).includes('effect_fault'))
})
