import { equal, ok } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import type { TcpClient } from '../../src/reactor/tcp-client.ts'
import { TcpEngine } from '../../src/reactor/tcp-engine.ts'
import { Conditions } from '../reactor/conditions.ts'
import { REPOSITORY } from '../support/repository.ts'
import type { SoakRun } from '../support/soak.ts'

export const summary =
  'five thousand a second connect and vanish in every way; who stays is answered, and memory stays flat'

/** States of /proc/net/tcp. */
const ESTABLISHED = '01'
const CLOSE_WAIT = '08'
const RATE = 5000
/** A machine that does much else may fall behind in a short run; in a long one it catches up. */
const RATE_MIN = 4500
const RATE_CHECKED_FROM_MS = 60_000
/** The run is cut into so many, and memory is looked at after each; the first is for warming up. */
const PARTS = 4
/**
 * What live memory may grow by from the first look to the last: 16 bytes for each of those who vanished
 * is more, after a minute.
 */
const LIVE_GROWTH_BYTES_MAX = 2 * 1024 * 1024

/** More than vanish while the engine is busy with others. */
const CLIENTS_MAX = 20_000

class Departures extends Conditions {
  one(): void {
    this.changed()
  }
}

class EchoEngine extends TcpEngine {
  readonly departures = new Departures()

  constructor() {
    super(() => new LengthPrefixedStrategy({ lengthBytes: 2 }))
  }

  protected override onClientMessage(client: TcpClient, message: Buffer): void {
    client.sendMessage(message)
  }

  protected override onClientDisconnected(): void {
    this.departures.one()
  }
}

export async function soak(run: SoakRun): Promise<void> {
  const peers = buildPeers(run)
  const engine = new EchoEngine()
  engine.init(0, '127.0.0.1', CLIENTS_MAX)
  await engine.start()
  run.teardown(() => engine.stop())
  const port = engine.address?.port ?? 0
  const staying = new StayingClient(port)
  run.teardown(() => void staying.socket.destroy())
  await staying.untilAnswered()
  const count = Math.ceil((RATE * run.durationMs) / 1000 / PARTS)
  let firstLiveBytes = 0
  let liveBytes = 0
  let seconds = 0
  for (let part = 1; part <= PARTS; part++) {
    seconds += await vanishTimes(run, peers, port, count)
    await engine.departures.until(() => engine.clients.size === 1)
    await staying.untilAnswered()
    liveBytes = liveBytesNow()
    if (part === 1) firstLiveBytes = liveBytes
    const rate = Math.round((part * count) / seconds)
    run.progress(
      `${part * count} vanished, ${rate} a second; ${staying.answers} answers in between, the longest wait ${staying.longestMs.toFixed(0)} ms; live memory ${(liveBytes / 1024).toFixed(0)} KiB`,
    )
  }
  const { acceptedClients, disconnects, hookErrors, queuedBytes, acceptErrors } = engine.stats()
  const gone = Object.values(disconnects).reduce((sum, each) => sum + each, 0)
  equal(gone, acceptedClients - 1, 'each is disconnected once')
  ok(acceptedClients > (PARTS * count) / 2, `only ${acceptedClients} were noticed at all`)
  equal(hookErrors + queuedBytes + acceptErrors, 0)
  equal(openSocketsOn(port), 1, 'only the socket of who stays is open')
  const growth = liveBytes - firstLiveBytes
  ok(growth <= LIVE_GROWTH_BYTES_MAX, `live memory grew by ${growth} bytes`)
  const rate = (PARTS * count) / seconds
  if (run.durationMs >= RATE_CHECKED_FROM_MS) ok(rate >= RATE_MIN, `only ${rate} a second vanished`)
  staying.socket.destroy()
  await engine.stop()
}

/** One that stays, and is never without a message on its way. */
class StayingClient extends Conditions {
  readonly socket: Socket
  answers = 0
  longestMs = 0
  #sentAt = 0

  constructor(port: number) {
    super()
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.socket.on('connect', () => this.#send())
    this.socket.on('close', () => this.changed())
    let received = 0
    this.socket.on('data', (chunk) => {
      received += chunk.length
      if (received < MESSAGE.length) return
      equal(received, MESSAGE.length)
      received = 0
      this.answers++
      this.longestMs = Math.max(this.longestMs, performance.now() - this.#sentAt)
      this.#send()
      this.changed()
    })
  }

  /** Resolves with the next answer. */
  async untilAnswered(): Promise<void> {
    const { answers } = this
    await this.until(() => this.answers > answers || this.socket.closed)
    ok(!this.socket.closed, 'who stays was closed')
  }

  #send(): void {
    this.#sentAt = performance.now()
    this.socket.write(MESSAGE)
  }
}

const MESSAGE = Buffer.from('\0\x04stay')

/** Resolves with how long it took, in seconds. */
async function vanishTimes(
  run: SoakRun,
  program: string,
  port: number,
  count: number,
): Promise<number> {
  const peers = spawn(program, [port, RATE, count].map(String), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  run.teardown(() => void peers.kill())
  let words = ''
  peers.stdout.setEncoding('utf8').on('data', (text) => {
    words += text
  })
  const [code] = await once(peers, 'close')
  equal(code, 0, 'those who vanish failed')
  const { connections, seconds } = JSON.parse(words)
  equal(connections, count)
  return seconds
}

function buildPeers(run: SoakRun): string {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-soak-'))
  run.teardown(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'vanishing-peers')
  const source = join(REPOSITORY, 'test/soak/vanishing-peers.c')
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source])
  return program
}

/** The server's sockets that are connected, or that only the other end has closed. */
function openSocketsOn(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'ascii').trim().split('\n').slice(1)
  return rows.filter((row) => {
    const [, local = '', , state = ''] = row.trim().split(/\s+/)
    return local.endsWith(end) && (state === ESTABLISHED || state === CLOSE_WAIT)
  }).length
}

/** What is in use once everything that is not has been collected. */
function liveBytesNow(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
