import { equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { ClientMessage, PROTOCOL_VERSION } from '../../proto/messages.ts'
import { CarillonClient, type Telemetry } from '../../src/client/index.ts'
import { errorCode, errorMessage } from '../../src/errors.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { type ServingProcess, startServer } from '../support/carillon-server.ts'
import { coreProcesses } from '../support/core-processes.ts'
import { integerFrom, PATIENCE, randomFrom, type SoakRun } from '../support/soak.ts'
import { streamVerified } from '../support/verified-stream.ts'

export const summary =
  'clients come, stream and vanish at any byte; who stays loses nothing, and the server does not grow'

/**
 * Those that vanish come back before a server that is behind has noticed that they went, so that it
 * has more of them than there are here, of its 256.
 */
const CLIENTS_MAX = 100
/** How long who was refused waits before the next attempt: the dead are noticed in milliseconds. */
const RETRY_AFTER_MS = 50
/** How long until the server's log says that it refused somebody: it says so once a second. */
const LOGGED_WITHIN_MS = 10_000
/**
 * What the server's memory may grow by from the second quarter of a run to the last: a garbage
 * collector that has not been pressed is half of this, and a kilobyte for each client that vanished
 * is more, after five minutes of a few hundred a second.
 */
const GROWTH_BYTES_MAX = 32 * 1024 * 1024
/** In a shorter run the server has not yet had all the memory that it needs. */
const GROWTH_CHECKED_FROM_MS = 60_000
const LOOK_EVERY_MS = 250
/** After the last client: how long the server may take to have forgotten them all. */
const FORGET_WITHIN_MS = 30_000

export async function soak(run: SoakRun): Promise<void> {
  const server = await startServer(run, '--no-console', '--cores', '2')
  const end = performance.now() + run.durationMs
  const clients = Math.min(run.clients, CLIENTS_MAX)
  const counts: Counts = { stayed: 0, vanished: 0, blocks: 0, refused: 0 }
  const refusal = server.logged(({ msg }) => msg === REFUSED)
  refusal.catch(() => {})
  const isTime = () => performance.now() < end
  const memory = watchMemory(server, run, counts)

  const stay = async (random: () => number) => {
    while (isTime()) {
      const client = await connectPatiently(server, 'stays', counts)
      for (let streams = integerFrom(random, 1, 3); streams > 0; streams--) {
        const blocks = integerFrom(random, 1, 300)
        await streamVerified(client, { random, blocks, onBlock: () => void counts.blocks++ })
      }
      await client.close()
      counts.stayed++
    }
  }
  const vanish = async (random: () => number) => {
    while (isTime()) {
      await vanishOnce(server.port, random)
      counts.vanished++
    }
  }
  try {
    await Promise.all(
      Array.from({ length: clients }, (_, at) =>
        (at % 2 === 0 ? stay : vanish)(randomFrom(at + 1)),
      ),
    )
  } finally {
    memory.stop()
  }
  ok(counts.stayed > 0 && counts.vanished > 0)
  await forgotten(server, counts)
  // A reset that the server does not own up to is none of its refusals.
  if (counts.refused > 0)
    await within(LOGGED_WITHIN_MS, refusal, () => `no "${REFUSED}" in the log`)
  memory.check()
  equal(await server.end('SIGINT'), 0)
  equal(coreProcesses(server.region).length, 0, 'no core is left')
  ok(!existsSync(server.region), 'no shared file is left')
}

interface Counts {
  stayed: number
  vanished: number
  blocks: number
  /** Times that a client which stays was refused, because the server had all that it takes. */
  refused: number
}

/** As the server's log has it. */
const REFUSED = 'refused a client'

/** Connects, and again where the server is full, until the client's patience ends. */
async function connectPatiently(
  { port }: ServingProcess,
  name: string,
  counts: Counts,
): Promise<CarillonClient> {
  const end = performance.now() + PATIENCE.timeoutMs
  for (;;) {
    try {
      return await CarillonClient.connect({ port, name, ...PATIENCE })
    } catch (error) {
      if (!isRefusal(error)) throw error
      counts.refused++
      if (performance.now() > end) {
        const sentence = `"${name}" was refused for ${PATIENCE.timeoutMs} ms: ${errorMessage(error)}`
        throw new Error(sentence, { cause: error })
      }
    }
    await wait(RETRY_AFTER_MS)
  }
}

/** A server that is full resets who comes; one that is not there is another matter. */
function isRefusal(error: unknown): boolean {
  if (errorCode(error) !== 'ERR_CARILLON_CONNECT' || !(error instanceof Error)) return false
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error.cause))
}

async function within<Result>(
  timeoutMs: number,
  result: Promise<Result>,
  sentence: () => string,
): Promise<Result> {
  const given = new AbortController()
  const late = wait(timeoutMs, undefined, { signal: given.signal }).then(() => {
    throw new Error(`${sentence()} after ${timeoutMs} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([result, late])
  } finally {
    given.abort()
  }
}

/** All that a client sends, cut off after any byte; then it is gone, in either way. */
async function vanishOnce(port: number, random: () => number): Promise<void> {
  const bytes = conversation(random)
  const cut = integerFrom(random, 0, bytes.length)
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // The server may say no first: it is full, or what was cut off before is no message at all.
  socket.on('error', () => {})
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  await Promise.race([connected, closed])
  socket.write(bytes.subarray(0, cut))
  const leave = () => (random() < 0.5 ? socket.destroy() : socket.resetAndDestroy())
  // Some go at once, some with an answer on its way, and some never read.
  if (cut > HELLO.length && random() < 0.5) socket.once('data', leave)
  else if (random() < 0.5) setTimeout(leave, integerFrom(random, 0, 50))
  else leave()
  await closed
}

const framing = new VarintPrefixedStrategy()

function frame(message: ClientMessage): Buffer {
  return Buffer.concat(framing.encode(ClientMessage.encode(message).finish()))
}

const HELLO = frame({
  request: 1,
  hello: { protocolVersion: PROTOCOL_VERSION, clientName: 'vanishes' },
})

function conversation(random: () => number): Buffer {
  const data = new Uint8Array(4 * integerFrom(random, 1, 4096))
  const effects = random() < 0.5 ? [] : [{ name: 'gain', parameters: [] }]
  return Buffer.concat([
    HELLO,
    frame({ request: 2, openStream: { sampleRateHz: 48_000, channels: 1, effects } }),
    ...Array.from({ length: integerFrom(random, 1, 60) }, (_, sequence) =>
      frame({ samples: { stream: 1, sequence, data } }),
    ),
    frame({ request: 3, closeStream: { stream: 1 } }),
  ])
}

/** Looks at the server's memory for as long as the run takes. */
function watchMemory({ pid }: ServingProcess, run: SoakRun, counts: Counts) {
  const looks: number[] = []
  const timer = setInterval(() => {
    const bytes = residentBytes(pid)
    looks.push(bytes)
    const { stayed, vanished, blocks, refused } = counts
    run.progress(
      `${stayed} stayed, ${vanished} vanished, ${refused} refused, ${blocks} blocks came back, server ${mebibytes(bytes)}`,
    )
  }, LOOK_EVERY_MS)
  const least = (from: number, to: number) =>
    Math.min(...looks.slice(Math.floor(from * looks.length), Math.ceil(to * looks.length)))
  return {
    stop: () => clearInterval(timer),
    check: () => {
      if (run.durationMs < GROWTH_CHECKED_FROM_MS) return
      const [early, late] = [least(0.25, 0.5), least(0.75, 1)]
      const sentence = `the server grew from ${mebibytes(early)} to ${mebibytes(late)}`
      ok(late - early <= GROWTH_BYTES_MAX, sentence)
      run.progress(
        `${sentence}, ${counts.stayed + counts.vanished} clients, ${counts.refused} refused, ${counts.blocks} blocks`,
      )
    },
  }
}

function residentBytes(pid: number): number {
  const [, kibibytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

/** Resolves when the server has one client, which asks, and its cores no stream but their own. */
async function forgotten(server: ServingProcess, counts: Counts): Promise<void> {
  const client = await connectPatiently(server, 'looks', counts)
  let last: Telemetry | undefined
  const isDone = new Promise<void>((resolve) => {
    client.on('telemetry', (telemetry) => {
      last = telemetry
      // The string plays again when no client has a stream.
      const streams = telemetry.cores.reduce((sum, core) => sum + core.streams, 0)
      if (telemetry.clientCount === 1 && streams <= 1) resolve()
    })
  })
  await client.subscribe({ telemetry: true })
  await within(FORGET_WITHIN_MS, isDone, () => {
    const streams = last?.cores.map((core) => core.streams)
    const rest = `${last?.clientCount} clients, streams of the cores: ${streams}`
    return `the server has not forgotten who has gone: ${rest}`
  })
  await client.close()
}
