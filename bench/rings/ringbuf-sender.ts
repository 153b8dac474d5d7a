// The thread that sends in ringbuf-process.ts. It ends when it is terminated.
import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { fillMessage, MESSAGE_WORDS, MESSAGES_PER_TURN_MAX } from './message.ts'
import { loadRingbuf } from './ringbuf.ts'

const { storage, partnerCpu } = workerData as {
  readonly storage: SharedArrayBuffer
  readonly partnerCpu: string
}

/** Moves this thread, which began on the CPU of the one that made it. */
function moveTo(cpu: string): void {
  const thread = basename(readlinkSync('/proc/thread-self'))
  const { status, stderr } = spawnSync('taskset', ['--pid', '--cpu-list', cpu, thread], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the thread cannot be moved to CPU ${cpu}: ${stderr}`)
}

moveTo(partnerCpu)
const RingBuffer = loadRingbuf()
const ring = new RingBuffer(storage, Int32Array)
const words = new Int32Array(MESSAGES_PER_TURN_MAX * MESSAGE_WORDS)
parentPort?.postMessage('ready')
for (let sequence = 0; ; ) {
  for (let message = 0; message < MESSAGES_PER_TURN_MAX; message++) {
    fillMessage(words, message * MESSAGE_WORDS, sequence)
    sequence = (sequence + 1) | 0
  }
  for (let sent = 0; sent < words.length; ) sent += ring.push(words, words.length - sent, sent)
}
