import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { WRITE_BATCH_BYTES, WRITE_BATCH_CHUNKS } from '../../src/reactor/limits.ts'
import { Outbox } from '../../src/reactor/outbox.ts'
import { resolveOptions, type TcpEngineOptions } from '../../src/reactor/tcp-engine-options.ts'
import type { Connection } from '../../src/reactor/transport.ts'
import { nextTurn } from './suite/stage.ts'

const MIB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Takes nothing until it is told to. */
class StuckConnection implements Connection {
  readonly remoteAddress = 'nowhere:1'
  queuedBytes = 0
  deferredBytes = 0
  readonly writes: (readonly Uint8Array[])[] = []

  write(chunks: readonly Uint8Array[]): boolean {
    this.writes.push(chunks)
    for (const chunk of chunks) this.queuedBytes += chunk.length
    return false
  }

  writeSlice(memory: Buffer, start: number, end: number): boolean {
    return this.write([memory.subarray(start, end)])
  }

  writeHeld(chunks: readonly Uint8Array[], _release: () => void): boolean {
    return this.write(chunks)
  }

  flush(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
  end(): void {}
  reset(): void {}
}

function stuck(options: TcpEngineOptions): { connection: StuckConnection; outbox: Outbox } {
  const connection = new StuckConnection()
  return { connection, outbox: new Outbox(connection, resolveOptions(options)) }
}

function send(outbox: Outbox, ...chunks: Uint8Array[]) {
  return outbox.send(
    chunks,
    chunks.reduce((sum, { length }) => sum + length, 0),
  )
}

for (const slowClientPolicy of ['drop-newest', 'drop-oldest', 'pause-source'] as const) {
  test(`with ${slowClientPolicy} a client that takes nothing keeps no more than its limit`, async (t) => {
    const { outbox } = stuck({ slowClientPolicy, maxQueuedBytes: MIB })
    const messageBytes = 10_000
    const messages = Array.from({ length: 5000 }, () => {
      const message = Buffer.alloc(messageBytes)
      send(outbox, message)
      return new WeakRef(message)
    })
    t.true(outbox.queuedBytes <= MIB)
    // A WeakRef keeps what it is asked about, and what it is made for, until the turn is over.
    await nextTurn()
    collectGarbage()
    const kept = messages.filter((message) => message.deref() !== undefined).length
    t.is(kept, Math.floor(MIB / messageBytes))
  })
}

test('the limit on messages bounds the memory of small ones', (t) => {
  const { outbox } = stuck({ slowClientPolicy: 'drop-oldest', maxQueuedMessages: 1000 })
  for (let index = 0; index < 100_000; index++) send(outbox, Buffer.of(1))
  t.is(outbox.queuedBytes, 1001)
  t.is(outbox.droppedOldestMessages, 98_999)
})

test('the first message goes to the connection, the next in batches as it becomes empty', (t) => {
  const { connection, outbox } = stuck({})
  send(outbox, Buffer.alloc(10))
  for (let index = 0; index < 3000; index++) send(outbox, Buffer.alloc(1))
  for (let index = 0; index < 3; index++) send(outbox, Buffer.alloc(WRITE_BATCH_BYTES / 2))
  t.is(connection.writes.length, 1)
  connection.queuedBytes = 5
  t.false(outbox.drain())
  t.is(connection.writes.length, 1, 'not while a part of the first one is left')
  const sizes: number[] = []
  while (!outbox.isHandedOver) {
    connection.queuedBytes = 0
    outbox.drain()
    sizes.push(connection.queuedBytes)
  }
  const half = WRITE_BATCH_BYTES / 2
  t.deepEqual(sizes, [
    WRITE_BATCH_CHUNKS,
    WRITE_BATCH_CHUNKS,
    3000 - 2 * WRITE_BATCH_CHUNKS + half,
    2 * half,
  ])
})

test('what was handed over is what is sent: nothing is copied', (t) => {
  const { connection, outbox } = stuck({})
  const chunks = [Buffer.from('first'), Buffer.from('waits')]
  for (const chunk of chunks) send(outbox, chunk)
  connection.queuedBytes = 0
  outbox.drain()
  t.deepEqual(connection.writes.length, 2)
  t.is(connection.writes[1]?.[0], chunks[1])
})

test('what is deferred has the limit of what is queued', (t) => {
  /** Takes nothing in the end, which shows only when it is flushed. */
  class LateConnection extends StuckConnection {
    override deferredBytes = 0

    override write(chunks: readonly Uint8Array[]): boolean {
      for (const chunk of chunks) this.deferredBytes += chunk.length
      return true
    }

    override flush(): void {
      this.queuedBytes += this.deferredBytes
      this.deferredBytes = 0
    }
  }
  const connection = new LateConnection()
  const options = resolveOptions({ slowClientPolicy: 'drop-newest', maxQueuedBytes: 1000 })
  const outbox = new Outbox(connection, options)
  const chunk = Buffer.alloc(400)
  t.is(send(outbox, chunk), 'sent')
  t.is(outbox.sendSlice(chunk, 0, 400), 'sent')
  t.is(send(outbox, chunk), 'dropped')
  t.is(outbox.queuedBytes, 800)
  t.is(outbox.sendSlice(chunk, 0, 200), 'queued')
  t.is(outbox.sendSlice(chunk, 0, 1), 'dropped')
  t.is(outbox.queuedBytes, 1000)
})
