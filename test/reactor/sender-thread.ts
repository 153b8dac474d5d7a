/** A thread of the tests of `ClientSender`. */
import { parentPort, workerData } from 'node:worker_threads'
import { ClientSender, type ClientSenderHandle } from '../../src/reactor/client-sender.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'

export interface SenderOrder {
  readonly handle: ClientSenderHandle
  readonly clientId: number
  /**
   * `flood` sends until the engine closes; `claim` begins a message and never finishes it; `commit`
   * sends one and gets as far as the question whether to ring.
   */
  readonly task: 'flood' | 'claim' | 'commit'
}

/** What the thread says: that it is under way, and of a flood at its end what was answered. */
export type SenderNews = 'begun' | { readonly queued: number; readonly dropped: number }

const { handle, clientId, task }: SenderOrder = workerData
const tell = (news: SenderNews) => parentPort?.postMessage(news)

/** The thread gets no further. */
function stall(): boolean {
  tell('begun')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  return false
}

if (task === 'claim') {
  new MpscRingProducer(handle.ring).claim(100)
  stall()
}
// What a sender asks between the commit and the bell.
if (task === 'commit') MpscRingProducer.prototype.shouldRing = stall
const sender = new ClientSender(handle)
const answers = { queued: 0, dropped: 0 }
const message = Buffer.from('from a thread')
if (task === 'commit') sender.sendData(clientId, message)
tell('begun')
while (!sender.isClosed) answers[sender.sendMessage(clientId, message)]++
answers[sender.sendData(clientId, message)]++
tell(answers)
