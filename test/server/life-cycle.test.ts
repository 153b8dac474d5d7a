import { copyFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient, type ClientStream } from '../../src/client/index.ts'
import { bareMetalFirmwarePath, HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import type { CoreKind } from '../../src/cores/core-kind.ts'
import { errorCode, errorMessage } from '../../src/errors.ts'
import { CarillonServer, type CarillonServerOptions } from '../../src/server/carillon-server.ts'
import { FIRMWARE_INTERFACE } from '../../src/shm/firmware-note.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { writeOtherFirmware } from '../support/other-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MONO = { sampleRateHz: 48_000, channels: 1, window: 4 }
type Declare = (title: string, run: (t: ExecutionContext) => Promise<void>) => void
const hostedTest: Declare = (title, run) => test.serial(`hosted: ${title}`, run)
const KINDS: readonly [CoreKind, string, Declare][] = [
  ['hosted', HOSTED_FIRMWARE, hostedTest],
  ...BOARDS.map((board): [CoreKind, string, Declare] => {
    return [board.kind, bareMetalFirmwarePath(board.kind), boardTest(board)]
  }),
]

async function serve(t: ExecutionContext, options: Partial<CarillonServerOptions>) {
  const server = await CarillonServer.start({ port: 0, cores: 2, ...options })
  t.teardown(() => server.stop())
  const client = await CarillonClient.connect({ port: server.port, requestTimeoutMs: 60_000 })
  t.teardown(() => client.close())
  return { server, client }
}

/** A stream through which blocks go back and forth until it is closed, or lost. */
class Stream {
  /** Blocks that came back. */
  blocks = 0
  /** The code of the error that it was lost with; empty where it was closed. */
  readonly ended: Promise<string>
  /** What it was lost with, in words. */
  why = ''
  readonly #stream: ClientStream
  #isClosing = false
  #notify: () => void = () => {}

  private constructor(stream: ClientStream) {
    this.#stream = stream
    this.ended = this.#run().then(
      () => '',
      (error) => {
        this.why = errorMessage(error)
        return errorCode(error)
      },
    )
  }

  static async open(client: CarillonClient): Promise<Stream> {
    return new Stream(await client.openStream(MONO))
  }

  /** Resolves once this many more blocks have come back. */
  async pass(count: number): Promise<void> {
    const wanted = this.blocks + count
    while (this.blocks < wanted) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve
      })
    }
  }

  async close(): Promise<string> {
    this.#isClosing = true
    return this.ended
  }

  async #run(): Promise<void> {
    const blocks = this.#stream[Symbol.asyncIterator]()
    while (!this.#isClosing) {
      await this.#stream.send(new Float32Array(64).fill(this.blocks))
      const { value } = await blocks.next()
      if (value?.lost !== 0) throw new Error('a block was lost')
      this.blocks++
      this.#notify()
    }
    await this.#stream.close()
  }
}

/** Opens a stream on each core: they are spread. */
async function openStreams(client: CarillonClient): Promise<[Stream, Stream]> {
  const streams: [Stream, Stream] = [await Stream.open(client), await Stream.open(client)]
  await Promise.all(streams.map((stream) => stream.pass(3)))
  return streams
}

/** Which of two streams is lost, and the other. */
async function lostOne([a, b]: readonly [Stream, Stream]): Promise<[Stream, Stream]> {
  return Promise.race([a.ended.then(() => [a, b]), b.ended.then(() => [b, a])]) as Promise<
    [Stream, Stream]
  >
}

for (const [core, firmware, declare] of KINDS) {
  declare('once the server stops, its cores are stopped and cannot be started', async (t) => {
    const { server, client } = await serve(t, { core })
    const [first, second] = [server.core(0), server.core(1)]
    await client.close()
    await first.stop()
    const restarting = second.restart()
    const stopping = server.stop()
    // What is under way then, and what is asked for before and after it has stopped.
    const refused = {
      code: 'ERR_CARILLON_STATE',
      message: /^core \d cannot be started: its server/,
    }
    await Promise.all([
      t.throwsAsync(restarting, refused),
      t.notThrowsAsync(first.stop()),
      t.throwsAsync(first.start(), refused),
    ])
    await stopping
    for (const one of [first, second]) {
      await t.notThrowsAsync(one.stop())
      await t.throwsAsync(one.start(), refused)
      await t.throwsAsync(one.restart(), refused)
      t.is(one.state, 'offline')
    }
    await t.throwsAsync(server.reload(), { code: 'ERR_CARILLON_CORE_LOST' })
    await t.notThrowsAsync(server.stop())
  })

  declare('a core is stopped and started while another streams', async (t) => {
    const { server, client } = await serve(t, { core })
    for (const index of [0, 1]) {
      const streams = await openStreams(client)
      await server.core(index).stop()
      t.is(server.core(index).state, 'offline')
      const [lost, other] = await lostOne(streams)
      t.is(await lost.ended, 'ERR_CARILLON_CORE_LOST')
      await other.pass(5)
      // What is opened now is on the core that runs.
      const more = await Stream.open(client)
      await more.pass(3)
      await server.core(index).start()
      t.is(server.core(index).state, 'running')
      await server.core(index).start()
      await other.pass(5)
      t.deepEqual([await other.close(), await more.close()], ['', ''])
      const { cores = [] } = await client.describe()
      t.deepEqual(
        cores.map(({ state }) => state),
        ['running', 'running'],
      )
      t.is(cores[index]?.bootCount, 2)
    }
  })

  declare('a core is restarted alone, again and again', async (t) => {
    const { server, client } = await serve(t, { core })
    const streams = await openStreams(client)
    await server.core(1).restart()
    const [lost, other] = await lostOne(streams)
    t.is(await lost.ended, 'ERR_CARILLON_CORE_LOST')
    t.regex(lost.why, /core 1 was stopped/)
    for (let boot = 3; boot < 6; boot++) {
      await server.core(1).restart()
      await other.pass(3)
      t.is((await client.describe()).cores?.[1]?.bootCount, boot)
    }
    t.is(await other.close(), '')
    t.is((await client.describe()).cores?.[0]?.bootCount, 1)
    // Each time the one may begin when the other is the last that stops, and so ends their machine.
    for (let turn = 0; turn < 20; turn++) {
      await Promise.all([server.core(0).restart(), server.core(1).restart()])
    }
    t.is(await (await Stream.open(client)).close(), '')
  })

  declare('without any core a client is told so, and stays', async (t) => {
    const { server, client } = await serve(t, { core, cores: 1 })
    await server.core(0).stop()
    await server.core(0).stop()
    await t.throwsAsync(client.openStream(MONO), { code: 'ERR_CARILLON_CORE_UNAVAILABLE' })
    const started = server.core(0).start()
    await started
    const stream = await Stream.open(client)
    await stream.pass(3)
    t.is(await stream.close(), '')
    t.throws(() => server.core(1), { code: 'ERR_CARILLON_ARGUMENT' })
  })

  declare('other firmware is loaded while a client stays connected', async (t) => {
    const image = join(temporaryFolder(t), 'carillon-core')
    copyFileSync(firmware, image)
    const { server, client } = await serve(t, { core, firmware: image })
    const [effect] = (await client.describe()).effects ?? []
    const summary = effect?.summary ?? ''
    const changed = summary.toUpperCase()
    t.not(changed, summary)
    const streams = await openStreams(client)
    const other = join(temporaryFolder(t), 'other')
    writeOtherFirmware(firmware, other, { version: '9.8.7', text: [summary, changed] })
    t.deepEqual(await server.reload(other), { firmware: other, version: '9.8.7' })
    for (const stream of streams) {
      t.is(await stream.ended, 'ERR_CARILLON_CORE_LOST')
      t.regex(stream.why, /core \d is loaded with firmware anew/)
    }
    t.is((await client.describe()).effects?.[0]?.summary, changed)
    for (const stream of await openStreams(client)) t.is(await stream.close(), '')
    // From the file that was loaded last, which is read again.
    writeOtherFirmware(firmware, `${other}.new`, { version: '9.8.8' })
    t.is((await server.reload(`${other}.new`)).version, '9.8.8')
    t.is((await client.describe()).effects?.[0]?.summary, summary)
  })

  declare('what is asked of a core while firmware is loaded is done after it', async (t) => {
    const { server } = await serve(t, { core })
    await server.core(1).stop()
    const order: string[] = []
    const reloaded = server.reload().then(() => order.push('reloaded'))
    await server.core(1).start()
    order.push('started')
    await reloaded
    t.deepEqual(order, ['reloaded', 'started'])
    t.deepEqual([server.core(0).state, server.core(1).state], ['running', 'running'])
  })

  declare('firmware that cannot be used is refused, and nothing stops', async (t) => {
    const { server, client } = await serve(t, { core })
    const stream = await Stream.open(client)
    await stream.pass(3)
    const folder = temporaryFolder(t)
    const truncated = join(folder, 'truncated')
    copyFileSync(firmware, truncated)
    truncateSync(truncated, 5000)
    const ofOtherHost = join(folder, 'other-host')
    writeOtherFirmware(firmware, ofOtherHost, { interfaceVersion: FIRMWARE_INTERFACE + 1 })
    writeFileSync(join(folder, 'text'), 'no firmware')
    for (const [path, code] of [
      [truncated, 'ERR_CARILLON_ELF_TRUNCATED'],
      [ofOtherHost, 'ERR_CARILLON_FIRMWARE_VERSION'],
      [join(folder, 'text'), 'ERR_CARILLON_ELF'],
      [join(folder, 'absent'), 'ERR_CARILLON_FIRMWARE_MISSING'],
      [
        core === 'hosted' ? bareMetalFirmwarePath('virt') : HOSTED_FIRMWARE,
        'ERR_CARILLON_FIRMWARE_MACHINE',
      ],
    ] as const) {
      await t.throwsAsync(server.reload(path), { code })
    }
    await stream.pass(3)
    t.is(await stream.close(), '')
  })

  declare('a core that is offline stays so when firmware is loaded', async (t) => {
    const { server, client } = await serve(t, { core })
    await server.core(0).stop()
    await server.reload()
    t.deepEqual([server.core(0).state, server.core(1).state], ['offline', 'running'])
    await server.core(0).start()
    for (const stream of await openStreams(client)) t.is(await stream.close(), '')
  })

  declare('a server can be stopped while it loads firmware', async (t) => {
    const { server } = await serve(t, { core })
    const reloaded = server.reload()
    const [result] = await Promise.allSettled([reloaded, server.stop()])
    t.deepEqual([server.core(0).state, server.core(1).state], ['offline', 'offline'])
    if (result.status === 'rejected') t.is(errorCode(result.reason), 'ERR_CARILLON_CORE_LOST')
  })
}

test('hosted firmware that does not come up gives way to what ran before', async (t) => {
  const { server, client } = await serve(t, {})
  const broken = join(temporaryFolder(t), 'broken')
  writeOtherFirmware(HOSTED_FIRMWARE, broken, { broken: 'core_run' })
  await t.throwsAsync(server.reload(broken), { code: 'ERR_CARILLON_CORE_FAULT' })
  for (const stream of await openStreams(client)) t.is(await stream.close(), '')
  t.deepEqual([server.core(0).state, server.core(1).state], ['running', 'running'])
})
