import { EventFd, type EventFdHandle } from './event-fd.ts'
import { Reactor } from './reactor.ts'

/** What wakes an engine's thread: plain data, for another thread. */
export type SenderBellHandle = EventFdHandle | { readonly rings: Int32Array }

/** The end that hears. */
export interface SenderBell {
  readonly handle: SenderBellHandle
  close(): void
}

/** A bell for the threads of this process: an eventfd, or what Atomics have where there is none. */
export function openSenderBell(onRing: () => void): SenderBell {
  return Reactor.unavailable === undefined ? openEventFdBell(onRing) : openAtomicBell(onRing)
}

/** What rings it, from any thread. */
export function senderBellRinger(handle: SenderBellHandle): () => void {
  if ('eventFd' in handle) {
    const eventFd = EventFd.from(handle)
    return () => eventFd.signal()
  }
  const { rings } = handle
  return () => {
    // Release: what was put into the queue is seen by who sees the new number.
    Atomics.add(rings, 0, 1)
    Atomics.notify(rings, 0)
  }
}

function openEventFdBell(onRing: () => void): SenderBell {
  const eventFd = EventFd.create()
  try {
    const watch = Reactor.shared.watchEventFd(eventFd, onRing)
    return {
      handle: eventFd.handle,
      close() {
        watch.close()
        eventFd.close()
      },
    }
  } catch (error) {
    eventFd.close()
    throw error
  }
}

/** One that needs nothing of the system: what rings it is a number that is added to. */
function openAtomicBell(onRing: () => void): SenderBell {
  const rings = new Int32Array(new SharedArrayBuffer(4))
  let isOpen = true
  let heard = 0
  const listen = async () => {
    while (isOpen) {
      // Acquire: what was put into the queue before the ring is seen.
      const now = Atomics.load(rings, 0)
      if (now === heard) {
        await Atomics.waitAsync(rings, 0, now).value
        continue
      }
      heard = now
      onRing()
    }
  }
  void listen()
  return {
    handle: { rings },
    close() {
      isOpen = false
      Atomics.notify(rings, 0)
    },
  }
}
