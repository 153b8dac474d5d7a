// Answers that take long are computed in other threads, and sent from there. Build (npm run setup),
// then:
//
//   node dist/examples/worker-server.js [--port 5555] [--threads 2]
//
// and: nc 127.0.0.1 5555. A message is a line with a number; the answer says how many primes there
// are up to it. Ctrl-C ends the server.
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  ArgumentError,
  ClientSender,
  type ClientSenderHandle,
  LineStrategy,
  ListenError,
  type TcpClient,
  TcpEngine,
} from 'carillon'

const THREADS_MAX = 64
/** Half a second of work. */
const NUMBER_MAX = 20_000_000
/** So many questions of one client are with the threads; then it is not read from. */
const QUESTIONS_MAX = 8
/** Nothing else fills the queue to the engine, so that this is not reached. */
const ROOM_WITHIN_MS = 1000

interface Question {
  readonly clientId: number
  readonly number: number
}

class PrimesServer extends TcpEngine {
  readonly #threads: Worker[] = []
  readonly #questions = new Map<number, number>()
  #nextThread = 0

  constructor() {
    super(() => new LineStrategy({ maxMessageBytes: 100 }))
  }

  startThreads(count: number): void {
    // The way back to the clients: plain data, for any number of threads.
    const handle = this.sender()
    while (this.#threads.length < count) {
      const thread = new Worker(new URL(import.meta.url), { workerData: handle })
      thread.on('message', (clientId: number) => this.#answered(clientId))
      this.#threads.push(thread)
    }
  }

  async end(): Promise<void> {
    await this.stop()
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  protected override onClientMessage(client: TcpClient, line: Buffer): void {
    const number = /^\d{1,8}$/.test(line.toString()) ? Number(line) : Number.NaN
    if (!(number <= NUMBER_MAX)) {
      client.sendMessage(Buffer.from(`a whole number up to ${NUMBER_MAX}, please`))
      return
    }
    const questions = (this.#questions.get(client.id) ?? 0) + 1
    this.#questions.set(client.id, questions)
    if (questions === QUESTIONS_MAX) client.pause()
    const question: Question = { clientId: client.id, number }
    this.#threads[this.#nextThread++ % this.#threads.length]?.postMessage(question)
  }

  protected override onClientDisconnected(client: TcpClient): void {
    this.#questions.delete(client.id)
  }

  #answered(clientId: number): void {
    const questions = this.#questions.get(clientId)
    // Its answer was for a client that has gone: the engine counts it, and nobody else gets it.
    if (questions === undefined) return
    this.#questions.set(clientId, questions - 1)
    this.clients.get(clientId)?.resume()
  }
}

/** What each thread does. */
function answerQuestions(handle: ClientSenderHandle): void {
  const sender = new ClientSender(handle)
  parentPort?.on('message', ({ clientId, number }: Question) => {
    const answer = Buffer.from(`${countPrimes(number)} primes up to ${number}`)
    while (sender.sendMessage(clientId, answer) === 'dropped') {
      if (!sender.waitForRoom(answer.length, ROOM_WITHIN_MS)) break
    }
    parentPort?.postMessage(clientId)
  })
}

/** The sieve of Eratosthenes. */
function countPrimes(number: number): number {
  const isComposite = new Uint8Array(number + 1)
  let count = 0
  for (let candidate = 2; candidate <= number; candidate++) {
    if (isComposite[candidate]) continue
    count++
    for (let multiple = candidate ** 2; multiple <= number; multiple += candidate) {
      isComposite[multiple] = 1
    }
  }
  return count
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5555' },
      threads: { type: 'string', default: '2' },
    },
  })
  const threads = Number(values.threads)
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= THREADS_MAX)) {
    throw new ArgumentError(`--threads is 1 to ${THREADS_MAX}, not "${values.threads}"`)
  }
  const server = new PrimesServer()
  server.init(Number(values.port))
  const { port } = await server.start()
  server.startThreads(threads)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.end())
  console.log(JSON.stringify({ event: 'ready', port }))
}

if (isMainThread) {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = error instanceof ListenError ? 1 : 2
  }
} else {
  answerQuestions(workerData)
}
