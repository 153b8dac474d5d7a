import { equal, ok } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { CarillonClient } from '../../src/client/index.ts'
import { errorCode } from '../../src/errors.ts'
import { type ServingProcess, startServer } from '../support/carillon-server.ts'
import { coreProcesses } from '../support/core-processes.ts'
import { integerFrom, PATIENCE, randomFrom, type SoakRun } from '../support/soak.ts'
import { streamVerified } from '../support/verified-stream.ts'

export const summary =
  'cores and servers are killed while clients stream; what follows works, and nothing is left behind'

/** While one of two cores is down the other has a slot for each, of its 128. */
const CLIENTS_MAX = 100
/** How long until every client has streamed again: a core's longest pause, and to spare. */
const RECOVER_WITHIN_MS = 60_000
/** How long a core may take to notice that its server was killed, and to remove the file. */
const LEAVE_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 20
const CORES = ['--no-console', '--cores', '2']
/** What a stream may end with where its core was killed. */
const CORE_ERRORS = ['ERR_CARILLON_CORE_LOST', 'ERR_CARILLON_CORE_UNAVAILABLE']

export async function soak(run: SoakRun): Promise<void> {
  const end = performance.now() + run.durationMs
  const clientCount = Math.min(run.clients, CLIENTS_MAX)
  const random = randomFrom(1)
  const counts = { cores: 0, servers: 0 }
  const regions: string[] = []
  const fleet = new Fleet()
  let server = await startServer(run, ...CORES)
  fleet.goTo(server)
  const clients = Promise.all(
    Array.from({ length: clientCount }, (_, at) => fleet.sail(randomFrom(at + 2))),
  )
  clients.catch(() => {})
  // Whatever goes wrong with a client ends the waiting for it.
  const wait = (what: string, isSo: () => boolean, withinMs: number) =>
    Promise.race([waitFor(what, isSo, withinMs), clients.then(() => {})])
  const recovered = async (what: string) => {
    fleet.begin()
    const isSo = () => fleet.streamed.size === clientCount
    await wait(`not every client streamed again after ${what}`, isSo, RECOVER_WITHIN_MS)
    run.progress(
      `${counts.cores} cores and ${counts.servers} servers killed, ${fleet.blocks} blocks came back, ${fleet.lostStreams} streams were lost`,
    )
  }
  const midstream = async () => {
    const blocks = fleet.blocks + integerFrom(random, 1, 50 * clientCount)
    await wait('no blocks come back', () => fleet.blocks >= blocks, RECOVER_WITHIN_MS)
  }

  try {
    do {
      for (let kills = integerFrom(random, 1, 5); kills > 0; kills--) {
        await midstream()
        const cores = coreProcesses(server.region)
        const pid = cores[integerFrom(random, 0, cores.length - 1)]
        ok(pid !== undefined, 'a core runs')
        process.kill(pid, 'SIGKILL')
        counts.cores++
        await recovered('a core was killed')
      }
      await midstream()
      const { region } = server
      regions.push(region)
      fleet.expectEnd()
      await server.end('SIGKILL')
      counts.servers++
      const isGone = () => coreProcesses(region).length === 0 && !existsSync(region)
      await wait(`${region} or its cores are left`, isGone, LEAVE_WITHIN_MS)
      server = await startServer(run, ...CORES)
      fleet.goTo(server)
      await recovered('the server was killed')
    } while (performance.now() < end)
  } finally {
    fleet.stop()
  }
  await clients
  equal(await server.end('SIGINT'), 0)
  for (const region of [...regions, server.region]) {
    equal(coreProcesses(region).length, 0, 'no core is left')
    ok(!existsSync(region), 'no shared file is left')
  }
}

/** Clients that stream, and go on wherever the server is. */
class Fleet {
  blocks = 0
  lostStreams = 0
  /** Clients that have had a whole stream, from its opening to its end, since {@link begin}. */
  streamed = new Set<object>()
  /** Resolves with the next server, or with none where the fleet stops. */
  #server: Promise<ServingProcess | undefined>
  #setServer: (server: ServingProcess | undefined) => void = () => {}
  #current: ServingProcess | undefined
  #hasStopped = false

  constructor() {
    this.#server = this.#nextServer()
  }

  begin(): void {
    this.streamed = new Set()
  }

  goTo(server: ServingProcess): void {
    this.#current = server
    this.#setServer(server)
  }

  /** The server is about to be killed. */
  expectEnd(): void {
    this.#current = undefined
    this.#server = this.#nextServer()
  }

  /** No stream begins any more. */
  stop(): void {
    this.#hasStopped = true
    this.#setServer(undefined)
  }

  /** One client, until the fleet stops. Rejects where it meets what no kill explains. */
  async sail(random: () => number): Promise<void> {
    const self = {}
    for (;;) {
      const server = await this.#server
      if (server === undefined || this.#hasStopped) return
      try {
        await this.#sailWith(server, self, random)
      } catch (error) {
        if (server === this.#current || !isConnectionError(error)) throw error
        this.lostStreams++
      }
    }
  }

  async #sailWith(server: ServingProcess, self: object, random: () => number): Promise<void> {
    const client = await CarillonClient.connect({ port: server.port, name: 'sails', ...PATIENCE })
    try {
      while (!this.#hasStopped) {
        const { streamed } = this
        const blocks = integerFrom(random, 1, 100)
        try {
          await streamVerified(client, { random, blocks, onBlock: () => void this.blocks++ })
          streamed.add(self)
        } catch (error) {
          if (!CORE_ERRORS.includes(errorCode(error))) throw error
          this.lostStreams++
        }
      }
    } finally {
      await client.close()
    }
  }

  #nextServer(): Promise<ServingProcess | undefined> {
    return new Promise((resolve) => {
      this.#setServer = resolve
    })
  }
}

function isConnectionError(error: unknown): boolean {
  return ['ERR_CARILLON_DISCONNECTED', 'ERR_CARILLON_CONNECT'].includes(errorCode(error))
}

async function waitFor(what: string, isSo: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`${what} within ${withinMs} ms`)
    await setTimeout(LOOK_EVERY_MS)
  }
}
