import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Mapping } from '../../src/shm/mapping.ts'
import { formatMpscRing, type MpscRing, mpscRingBytes } from '../../src/shm/mpsc-ring.ts'
import { MpscRingConsumer } from '../../src/shm/mpsc-ring-consumer.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { checkingReader, MessageWriter } from '../shm/mpsc-message.ts'
import { buildFirmwareTool } from '../support/firmware-tool.ts'
import { killProcess } from '../support/kill-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let program = ''

const MINUTES = 60_000
const CAPACITY = LIMITS.RING_CAPACITY_MIN
const FILLING_BYTES_MAX = 500
const ALL = Number.MAX_SAFE_INTEGER
/** Near enough to 2^32 to pass it soon. */
const POSITION = 2 ** 32 - 8 * CAPACITY

test.before('build', async (t) => {
  t.timeout(5 * MINUTES)
  program = await buildFirmwareTool('mpsc_peer')
})

/** A ring in a mapped file, its messages, and processes at its other ends. */
class MappedRing {
  readonly ring: MpscRing
  readonly path: string
  readonly #peers = new Set<ChildProcess>()
  readonly #failures: string[] = []
  #wake: () => void = () => {}

  constructor(t: ExecutionContext) {
    this.path = join(temporaryFolder(t), 'ring')
    const length = mpscRingBytes(CAPACITY)
    writeFileSync(this.path, new Uint8Array(length))
    const fd = openSync(this.path, 'r+')
    try {
      const { bytes } = new Mapping({ fd, offset: 0, bytes: length, writable: true })
      this.ring = { bytes, offset: 0, capacity: CAPACITY }
    } finally {
      closeSync(fd)
    }
    formatMpscRing(this.ring, POSITION)
    t.teardown(() => Promise.all([...this.#peers].map(killProcess)))
  }

  get isRunning(): boolean {
    return this.#peers.size > 0
  }

  start(...order: (string | number)[]): ChildProcess {
    const peer = spawn(program, [this.path, `${CAPACITY}`, ...order.map(String)])
    this.#peers.add(peer)
    peer.stdout.on('data', () => this.#wake())
    peer.stderr.on('data', (words) => this.#failures.push(`${words}`))
    peer.on('exit', (code) => {
      if (code !== null && code !== 0) this.#failures.push(`exit code ${code}`)
      this.#peers.delete(peer)
      this.#wake()
    })
    return peer
  }

  /** The next bell, or the end of a process. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  check(t: ExecutionContext): void {
    t.deepEqual(this.#failures, [])
    const consumer = new MpscRingConsumer(this.ring)
    const producer = new MpscRingProducer(this.ring)
    t.true(consumer.isEmpty)
    t.true(consumer.position < CAPACITY * 2 ** 15, 'the positions have wrapped')
    let written = 0
    while (producer.write(1)) written++
    t.is(written, CAPACITY / 64)
  }
}

test('what processes in C write is read in TypeScript, and every sleep is rung for', async (t) => {
  const count = 30_000
  const mapped = new MappedRing(t)
  const received = [0, 0, 0, 0]
  const reader = checkingReader(received, FILLING_BYTES_MAX)
  const consumer = new MpscRingConsumer(mapped.ring)
  received.forEach((_, producer) => {
    mapped.start('produce', producer, count, FILLING_BYTES_MAX)
  })
  for (let isOver = false; !isOver; ) {
    isOver = !mapped.isRunning
    while (consumer.read(reader, ALL) > 0);
    if (isOver || !consumer.trySleep()) continue
    await mapped.news()
    consumer.wake()
  }
  t.deepEqual(received, [count, count, count, count])
  t.like(consumer.stats, { unblocked: 0, refused: 0, damaged: 0 })
  mapped.check(t)
})

test('what TypeScript and C write is read by a process in C, and every sleep is rung for', async (t) => {
  const count = 30_000
  const mapped = new MappedRing(t)
  const ends = [0, 1].map(() => new MpscRingProducer(mapped.ring))
  const writers = ends.map((end, index) => new MessageWriter(end, index, FILLING_BYTES_MAX))
  const reader = mapped.start('consume', 3 * count, FILLING_BYTES_MAX)
  const writer = mapped.start('produce', 2, count, FILLING_BYTES_MAX)
  writer.stdout?.on('data', (bells) => reader.stdin?.write(bells))
  // It may have ended before the last bell.
  reader.stdin?.on('error', () => {})
  const ended = once(reader, 'exit')
  while (writers.some(({ sequence }) => sequence < count) && mapped.isRunning) {
    for (const one of writers) {
      for (let i = 0; i < 100 && one.sequence < count && one.write(); i++);
    }
    if (ends.some((end) => end.shouldRing())) reader.stdin?.write('!')
    // For the bells of the other process.
    await new Promise(setImmediate)
  }
  t.deepEqual(await ended, [0, null])
  while (mapped.isRunning) await mapped.news()
  mapped.check(t)
})

test('a process that is killed in the middle of a claim is unblocked in a full ring', async (t) => {
  const mapped = new MappedRing(t)
  const consumer = new MpscRingConsumer(mapped.ring)
  const producer = new MpscRingProducer(mapped.ring)
  const peer = mapped.start('claim', producer.maxMessageBytes)
  await mapped.news()
  await killProcess(peer)
  let written = 0
  while (producer.write(1)) written++
  t.is(
    consumer.read(() => {}, ALL),
    0,
  )
  t.true(consumer.unblock())
  t.is(
    consumer.read(() => {}, ALL),
    written,
  )
  t.like(consumer.stats, { unblocked: 1, unblockedBytes: CAPACITY / 4, usedBytes: 0 })
})

test('processes that are killed at any moment leave a ring that is whole', async (t) => {
  const mapped = new MappedRing(t)
  const received: number[] = []
  const reader = checkingReader(received, FILLING_BYTES_MAX)
  const consumer = new MpscRingConsumer(mapped.ring)
  for (let round = 0; round < 5; round++) {
    const peers = [0, 1, 2].map(() =>
      mapped.start('produce', received.push(0) - 1, 0xffffffff, FILLING_BYTES_MAX),
    )
    const enough = consumer.stats.messages + 5000 + 1000 * round
    while (consumer.stats.messages < enough) {
      if (consumer.read(reader, 100) > 0 || !consumer.trySleep()) continue
      await mapped.news()
      consumer.wake()
    }
    await Promise.all(peers.map(killProcess))
    consumer.read(reader, ALL)
    while (consumer.blockedAt !== undefined) {
      t.true(consumer.unblock())
      consumer.read(reader, ALL)
    }
    t.like(consumer.stats, { usedBytes: 0, refused: 0, damaged: 0 })
  }
  t.log(`${consumer.stats.unblocked} times unblocked`)
  mapped.check(t)
})
