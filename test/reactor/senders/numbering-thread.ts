/** A thread of the soak of senders: sends numbered messages to clients that come and go. */
import { parentPort, workerData } from 'node:worker_threads'
import { LengthPrefixedStrategy } from '../../../src/framing/length-prefixed-strategy.ts'
import { ClientSender, type ClientSenderHandle } from '../../../src/reactor/client-sender.ts'
import { integerFrom, randomFrom } from '../../support/soak.ts'
import { numberedMessage } from './numbered-message.ts'

export interface NumberingOrder {
  readonly handle: ClientSenderHandle
  readonly producer: number
  /** Messages to send; then the thread ends. */
  readonly count: number
  /** The ids of the clients, which change as they come and go; of some that have gone, too. */
  readonly clientIds: Int32Array
  readonly seed: number
}

/** What the thread says at its end: how many messages are queued for each client. */
export type NumberingReport = ReadonlyMap<number, number>

const ROOM_WITHIN_MS = 60_000

const { handle, producer, count, clientIds, seed }: NumberingOrder = workerData
const sender = new ClientSender(handle)
const framing = new LengthPrefixedStrategy({ lengthBytes: 2 })
const random = randomFrom(seed)
const sent = new Map<number, number>()

for (let index = 0; index < count; index++) {
  const clientId = Atomics.load(clientIds, integerFrom(random, 0, clientIds.length - 1))
  const sequence = sent.get(clientId) ?? 0
  const message = numberedMessage({ producer, clientId, sequence })
  // Framed there or framed here: both arrive in their order.
  const send =
    random() < 0.5
      ? () => sender.sendMessage(clientId, message)
      : () => sender.sendData(clientId, Buffer.concat(framing.encode(message)))
  while (send() === 'dropped') {
    if (!sender.waitForRoom(message.length, ROOM_WITHIN_MS)) throw new Error('there is no room')
  }
  sent.set(clientId, sequence + 1)
}
parentPort?.postMessage(sent)
