import { equal } from 'node:assert/strict'
import { CarillonClient } from '../../src/client/index.ts'
import { guestFirmware, type Machine, type TestImage } from '../support/linux-machine.ts'
import { integerFrom, PATIENCE, randomFrom } from '../support/soak.ts'
import type { ServerControl } from './server-control.ts'
import { type SteadyClient, steadyClients } from './steady-client.ts'

export interface LifeCycleOptions {
  readonly board: string
  readonly cores: number
  readonly firmware: Pick<TestImage, 'faultyFirmware'>
  readonly rounds: number
  readonly report: (text: string) => void
}

/**
 * Starts, stops and restarts a core, and reloads the firmware of all, in each of the rounds, while a client
 * streams on each core and stays connected. Who is on another core loses nothing; who is on that one has
 * it again.
 */
export async function lifeCycles(
  machine: Machine,
  control: ServerControl,
  options: LifeCycleOptions,
): Promise<void> {
  const { board, cores, rounds, report } = options
  const images = [guestFirmware(board), options.firmware.faultyFirmware]
  const clients = await steadyClients(machine.port, cores)
  const starts = clients.map(() => 0)
  const before = await bootCounts(machine.port)
  const random = randomFrom(rounds)
  const anyCore = () => clients[integerFrom(random, 0, cores - 1)] as SteadyClient
  const tookMs: Record<string, number[]> = { start: [], stop: [], restart: [], reload: [] }
  const timed = async (what: string, doing: Promise<void>) => {
    const begin = performance.now()
    await doing
    tookMs[what]?.push(performance.now() - begin)
  }
  const others = (client: SteadyClient) =>
    Promise.all(clients.filter((one) => one !== client).map((one) => one.passed()))
  for (let round = 0; round < rounds; round++) {
    const stopped = anyCore()
    stopped.expectLoss()
    await timed('stop', control.stop(stopped.core))
    await others(stopped)
    await timed('start', control.start(stopped.core))
    await stopped.recovered()
    const restarted = anyCore()
    restarted.expectLoss()
    await timed('restart', control.restart(restarted.core))
    await Promise.all([others(restarted), restarted.recovered()])
    for (const client of clients) client.expectLoss()
    await timed('reload', control.reload(images[round % images.length] ?? ''))
    await Promise.all(clients.map((client) => client.recovered()))
    for (const { core } of [stopped, restarted, ...clients]) starts[core] = (starts[core] ?? 0) + 1
    report(`${round + 1} times each ${mediansOf(tookMs)}; ${blocksOf(clients)}`)
  }
  const after = await bootCounts(machine.port)
  // None of them began anew by itself.
  equal(`${after.map((boots, core) => boots - (before[core] ?? 0))}`, `${starts}`)
  await Promise.all(clients.map((client) => client.leave()))
}

/** How often each core has begun. */
async function bootCounts(port: number): Promise<number[]> {
  const client = await CarillonClient.connect({ port, name: 'looks', ...PATIENCE })
  const { cores = [] } = await client.describe()
  await client.close()
  return cores.map(({ bootCount = 0 }) => bootCount)
}

export function blocksOf(clients: readonly SteadyClient[]): string {
  const sum = (figure: (client: SteadyClient) => number) =>
    clients.reduce((total, client) => total + figure(client), 0)
  return `${sum(({ blocks }) => blocks)} blocks came back, ${sum(({ lost }) => lost)} streams were lost with their core`
}

function mediansOf(tookMs: Readonly<Record<string, readonly number[]>>): string {
  const medians = Object.entries(tookMs).map(([what, times]) => {
    const [middle = 0] = times.toSorted((a, b) => a - b).slice(times.length >>> 1)
    return `${what} ${middle.toFixed(0)} ms`
  })
  return `(median: ${medians.join(', ')})`
}
