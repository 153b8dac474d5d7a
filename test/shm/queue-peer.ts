/**
 * One side of two queues in a mapped file, one in each direction, in a process of its own: takes
 * the arguments of `firmware/test/queue_peer.c` and does the same.
 */
import { closeSync, openSync } from 'node:fs'
import { ByteQueue } from '../../src/shm/byte-queue.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { MsgQueue } from '../../src/shm/msg-queue.ts'
import { messageOf, pieceOf } from './queue-message.ts'

const [path = '', regionBytes = 0, outIndex = 0, kind = '', count = 0, lengthMax = 0] = process.argv
  .slice(2)
  .map((word) => (/^\d+$/.test(word) ? Number(word) : word)) as [
  string,
  number,
  number,
  string,
  number,
  number,
]

const prefix = Buffer.from('TT')
const napping = new Int32Array(new SharedArrayBuffer(4))

/** For who waits for a side that has died, and not for a busy machine. */
const STILL_MS = 60_000

/** Both at once, until all has gone each way. Each says how much it has moved. */
function exchange(write: (from: number) => number, read: (from: number) => number): void {
  let movedMs = performance.now()
  for (let written = 0, received = 0; written < count || received < count; ) {
    const wrote = written < count ? write(written) : 0
    const got = received < count ? read(received) : 0
    written += wrote
    received += got
    const nowMs = performance.now()
    if (wrote + got > 0) {
      movedMs = nowMs
      continue
    }
    if (nowMs > movedMs + STILL_MS) throw new Error(`${written} written, ${received} received`)
    // The other side may need this core.
    Atomics.wait(napping, 0, 0, 0.05)
  }
}

function check(found: Uint8Array, wanted: Uint8Array, name: string): void {
  if (Buffer.compare(found, wanted) === 0) return
  const words = [found, wanted].map((bytes) => Buffer.from(bytes).toString('hex'))
  throw new Error(`${name} is ${words[0]}, not ${words[1]}`)
}

function exchangeMessages(out: ByteQueue, input: ByteQueue): void {
  const writer = new MsgQueue(out, { prefix })
  const reader = new MsgQueue(input, { prefix, maxMessageBytes: lengthMax })
  exchange(
    (sequence) => Number(writer.tryWrite(messageOf(sequence, lengthMax))),
    (sequence) => {
      const message = reader.tryRead()
      if (message === undefined) return 0
      check(message, messageOf(sequence, lengthMax), `message ${sequence}`)
      return 1
    },
  )
  if (reader.stats.skippedBytes > 0) throw new Error(`${reader.stats.skippedBytes} bytes skipped`)
}

function exchangeBytes(out: ByteQueue, input: ByteQueue): void {
  exchange(
    (from) => out.writeAtMost(pieceOf(from, count, lengthMax)),
    (from) => {
      const wanted = pieceOf(from, count, lengthMax)
      const into = new Uint8Array(wanted.length)
      const consumed = input.consumeAtMost(into)
      check(into.subarray(0, consumed), wanted.subarray(0, consumed), `what follows byte ${from}`)
      return consumed
    },
  )
}

const fd = openSync(path, 'r+')
const regions = new Mapping({ fd, offset: 0, bytes: 2 * regionBytes, writable: true }).bytes
closeSync(fd)
const [out, input] = [outIndex, 1 - outIndex].map((index) =>
  ByteQueue.attach(regions.subarray(index * regionBytes, (index + 1) * regionBytes)),
) as [ByteQueue, ByteQueue]
if (kind === 'messages') exchangeMessages(out, input)
else exchangeBytes(out, input)
