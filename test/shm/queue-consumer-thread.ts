/** A thread of the tests of the byte queue, that consumes and says what it got. */
import { parentPort, workerData } from 'node:worker_threads'
import { ByteQueue } from '../../src/shm/byte-queue.ts'

const { region, bytes }: { region: Uint8Array; bytes: number } = workerData
const into = new Uint8Array(bytes)
ByteQueue.attach(region).consumeBlocking(into, { timeoutMs: 30_000 })
parentPort?.postMessage(into)
