import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import type { TcpClient } from '../../src/reactor/tcp-client.ts'
import { TcpEngine } from '../../src/reactor/tcp-engine.ts'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { Conditions } from '../reactor/conditions.ts'
import { readNumberedMessage } from '../reactor/senders/numbered-message.ts'
import type { NumberingOrder, NumberingReport } from '../reactor/senders/numbering-thread.ts'
import { integerFrom, randomFrom, type SoakRun } from '../support/soak.ts'

export const summary =
  'four threads send to clients that stay, come and go; all arrives, in order, and nobody gets what is for another'

const THREADS = 4
/** A million messages a round from all threads; in a short run 40,000. */
const MESSAGES_PER_THREAD = 250_000
const FEW_MESSAGES_PER_THREAD = 10_000
const FEW_BELOW_MS = 60_000
const STAYING_CLIENTS_MAX = 100
/** For so many clients that stay, one at a time comes and goes. */
const STAYING_PER_GOING = 5
const THREAD = new URL('../reactor/senders/numbering-thread.js', import.meta.url)

const createStrategy = () => new LengthPrefixedStrategy({ lengthBytes: 2 })

/** Tells each client its id, and else sends only what the threads do. */
class Engine extends TcpEngine {
  constructor() {
    super(createStrategy)
  }

  protected override onClientConnected(client: TcpClient): void {
    const id = Buffer.alloc(4)
    id.writeUInt32LE(client.id)
    client.sendMessage(id)
  }
}

/** A client that checks whatever it gets. */
class Listener extends Conditions {
  readonly socket: Socket
  id = 0
  messages = 0
  /** Of each producer: its next sequence. */
  readonly received = new Map<number, number>()
  readonly #strategy = createStrategy()
  readonly #info = new FullMessageInfo()
  #failure: Error | undefined

  constructor(address: ListenAddress) {
    super()
    this.socket = connect({ ...address })
    this.socket.on('data', (chunk) => this.#read(chunk))
    this.socket.on('error', (error) => this.#fail(error))
    this.socket.on('close', () => this.changed())
  }

  /** Resolves when it holds, or the connection is closed. Rejects where something was wrong. */
  async listen(isEnough: () => boolean): Promise<void> {
    await this.until(() => isEnough() || this.socket.closed || this.#failure !== undefined)
    if (this.#failure !== undefined) throw this.#failure
  }

  #read(chunk: Buffer): void {
    try {
      for (let position = 0; position < chunk.length; ) {
        position += this.#strategy.processDataAt(chunk, position, this.#info)
        if (!this.#info.complete) continue
        this.#take(this.#info.buffer)
        this.#info.reset()
      }
    } catch (error) {
      this.#fail(error as Error)
    }
    this.changed()
  }

  #take(message: Buffer): void {
    if (this.id === 0) {
      this.id = message.readUInt32LE()
      return
    }
    const { producer, clientId, sequence } = readNumberedMessage(message)
    equal(clientId, this.id, 'a message for another')
    equal(sequence, this.received.get(producer) ?? 0, 'a message out of order')
    this.received.set(producer, sequence + 1)
    this.messages++
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.changed()
  }
}

export async function soak(run: SoakRun): Promise<void> {
  const end = performance.now() + run.durationMs
  const engine = new Engine()
  engine.init(0)
  await engine.start()
  run.teardown(() => engine.stop())
  for (let round = 1; round === 1 || performance.now() < end; round++) {
    await sendARound(engine, run, round)
  }
  await engine.stop()
}

async function sendARound(engine: Engine, run: SoakRun, round: number): Promise<void> {
  const { address } = engine
  ok(address)
  const count = run.durationMs < FEW_BELOW_MS ? FEW_MESSAGES_PER_THREAD : MESSAGES_PER_THREAD
  const stayingClients = Math.min(run.clients, STAYING_CLIENTS_MAX)
  const goingClients = Math.ceil(stayingClients / STAYING_PER_GOING)
  const clientIds = new Int32Array(new SharedArrayBuffer(4 * (stayingClients + goingClients)))
  const before = engine.stats()
  const startedMs = performance.now()
  let isOver = false
  let gone = 0

  const staying = Array.from({ length: stayingClients }, () => new Listener(address))
  await Promise.all(staying.map((listener) => listener.listen(() => listener.id > 0)))
  // Those that come and go take over their places: until then there is one client of each.
  for (const at of clientIds.keys()) {
    Atomics.store(clientIds, at, (staying[at % stayingClients] as Listener).id)
  }

  /** One client after the other. Its id stays for a while after it has gone. */
  const comeAndGo = async (slot: number) => {
    const random = randomFrom(round * 1000 + slot)
    while (!isOver) {
      const listener = new Listener(address)
      await listener.listen(() => listener.id > 0)
      Atomics.store(clientIds, slot, listener.id)
      const enough = integerFrom(random, 1, 100)
      await listener.listen(() => listener.messages >= enough || isOver)
      if (random() < 0.5) listener.socket.destroy()
      else listener.socket.resetAndDestroy()
      gone++
    }
  }
  const comingAndGoing = Array.from({ length: goingClients }, (_, at) =>
    comeAndGo(stayingClients + at),
  )
  // Heard of in the end, also where the threads fail first.
  const goers = Promise.allSettled(comingAndGoing)

  const reports = await Promise.all(
    Array.from({ length: THREADS }, (_, producer) => {
      const seed = round * THREADS + producer
      const handle = engine.sender()
      const workerData: NumberingOrder = { handle, producer, count, clientIds, seed }
      return reportOf(new Worker(THREAD, { workerData }), run)
    }),
  )
  for (const listener of staying) {
    const expected = expectedBy(listener.id, reports)
    await listener.listen(() => listener.messages >= sum(expected.values()))
    deepEqual(new Map([...listener.received].sort()), expected)
  }
  const seconds = (performance.now() - startedMs) / 1000
  isOver = true
  // Those that come and go may wait for a message that nobody sends any more.
  for (const client of engine.clients.values()) client.close()
  for (const result of await goers) if (result.status === 'rejected') throw result.reason
  for (const { socket } of staying) if (!socket.closed) await once(socket, 'close')

  const after = engine.stats()
  const during = (name: 'senderMessages' | 'senderUnknownClients' | 'acceptedClients') =>
    after[name] - before[name]
  const messagesOut = after.messagesOut - before.messagesOut - during('acceptedClients')
  const dropped = after.droppedMessages - before.droppedMessages
  const messages = THREADS * count
  equal(during('senderMessages'), messages)
  equal(during('senderUnknownClients') + messagesOut + dropped, messages, 'every one is counted')
  equal(after.senderUnblocked + after.senderMalformed + after.senderUnframed, 0)
  ok(gone > 0 && during('senderUnknownClients') > 0)
  run.progress(
    `round ${round}: ${messages} messages in ${seconds.toFixed(1)} s to ${stayingClients} clients, ${gone} came and went, ${during('senderUnknownClients')} for those`,
  )
}

async function reportOf(thread: Worker, run: SoakRun): Promise<NumberingReport> {
  run.teardown(() => thread.terminate())
  const [report] = (await once(thread, 'message')) as [NumberingReport]
  return report
}

/** What the threads have sent to a client. */
function expectedBy(id: number, reports: readonly NumberingReport[]): Map<number, number> {
  const counts = reports.map((report, producer) => [producer, report.get(id) ?? 0] as const)
  return new Map(counts.filter(([, count]) => count > 0))
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
