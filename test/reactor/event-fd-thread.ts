// A thread that signals an eventfd of another one, or makes one and waits to be ended.
import { parentPort, workerData } from 'node:worker_threads'
import { EventFd, type EventFdHandle } from '../../src/reactor/event-fd.ts'

export type EventFdThreadData =
  | { readonly signal: EventFdHandle; readonly times: number }
  | { readonly make: true }

const data = workerData as EventFdThreadData
if ('make' in data) {
  parentPort?.postMessage(EventFd.create().handle)
  parentPort?.on('message', () => {})
} else {
  const bell = EventFd.from(data.signal)
  let signalled = 0
  for (let time = 0; time < data.times; time++) if (bell.signal()) signalled++
  parentPort?.postMessage({ signalled })
}
