// The peer ringbuf.js: both sides are threads of one process, because what it works on, a
// SharedArrayBuffer, is of one process. This thread receives and measures.
import { Worker } from 'node:worker_threads'
import { checkMessage, MESSAGE_WORDS, MESSAGES_PER_TURN_MAX } from './message.ts'
import { RING_DATA_BYTES } from './ring-memory.ts'
import { loadRingbuf } from './ringbuf.ts'
import { parseSideOptions, tell } from './side-options.ts'
import { ReceiveWindow, type ResultLine } from './window.ts'

const options = parseSideOptions()
const RingBuffer = loadRingbuf()
const storage = RingBuffer.getStorageForCapacity(RING_DATA_BYTES / 4, Int32Array)

function receive(): ResultLine {
  const ring = new RingBuffer(storage, Int32Array)
  const window = new ReceiveWindow(options)
  const words = new Int32Array(MESSAGES_PER_TURN_MAX * MESSAGE_WORDS)
  for (let sequence = 0; ; ) {
    // Whole messages: the writer pushes such, and the ring holds such.
    const taken = ring.pop(words, words.length) / MESSAGE_WORDS
    for (let message = 0; message < taken; message++) {
      checkMessage(words, message * MESSAGE_WORDS, sequence)
      sequence = (sequence + 1) | 0
    }
    const result = window.turn(taken)
    if (result !== undefined) return result
  }
}

const sender = new Worker(new URL('./ringbuf-sender.js', import.meta.url), {
  workerData: { storage, partnerCpu: options.partnerCpu },
})
sender.on('error', (error) => {
  throw error
})
// It says so when it begins, or ends by its error.
sender.once('message', () => {
  tell(receive())
  void sender.terminate()
})
