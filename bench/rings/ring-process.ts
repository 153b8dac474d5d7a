// This project's ring in TypeScript: one side of a measurement, as those in C (side.h).
import { writeSync } from 'node:fs'
import { EventFd } from '../../src/reactor/event-fd.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import { checkMessage, fillMessage, MESSAGE_BYTES, MESSAGES_PER_TURN_MAX } from './message.ts'
import { bindRings, type RingEnds } from './ring-memory.ts'
import { RoundTrips } from './round-trips.ts'
import { parseSideOptions, type SideOptions, tell } from './side-options.ts'
import { ReceiveWindow, type ResultLine } from './window.ts'

/** Descriptors that both sides inherit. */
const MEMORY_FD = 3
const BELL_FD = 4

const MESSAGE = 1

function sendOne({ memory, out }: RingEnds, sequence: number): boolean {
  const at = out.claim(MESSAGE_BYTES)
  if (at < 0) return false
  fillMessage(memory.words, at / 4, sequence)
  out.commit(MESSAGE, 0, sequence)
  return true
}

/** What the reader of a ring does with the messages, one after the other. */
function checkInOrder({ memory }: RingEnds): (record: RingRecord) => undefined {
  let sequence = 0
  return ({ offset, length }) => {
    if (length !== MESSAGE_BYTES) throw new Error(`a message of ${length} bytes came`)
    checkMessage(memory.words, offset / 4, sequence)
    sequence = (sequence + 1) | 0
  }
}

/** For ever. */
function sendMessages({ batch }: SideOptions): never {
  const ends = bindRings(MEMORY_FD, 0)
  // At once: this thread never gets back to its event loop.
  writeSync(1, '{"event":"ready"}\n')
  for (let sequence = 0; ; ) {
    for (let sent = 0; sent < batch && sendOne(ends, sequence); sent++) {
      sequence = (sequence + 1) | 0
    }
    ends.out.publish()
  }
}

function receiveMessages(options: SideOptions): ResultLine {
  const ends = bindRings(MEMORY_FD, 1)
  const window = new ReceiveWindow(options)
  const check = checkInOrder(ends)
  for (;;) {
    const result = window.turn(ends.in.read(check, MESSAGES_PER_TURN_MAX))
    if (result !== undefined) return result
  }
}

function callWithMessages(options: SideOptions): ResultLine {
  const ends = bindRings(MEMORY_FD, 1)
  const bell = EventFd.adopt(BELL_FD)
  const trips = new RoundTrips(options, options.pauseUs)
  const check = checkInOrder(ends)
  for (let sequence = 0; ; sequence = (sequence + 1) | 0) {
    const beginMs = trips.begin()
    // There is room: the other side has taken the message before.
    sendOne(ends, sequence)
    if (ends.out.publish()) bell.signal()
    while (ends.in.read(check, 1) === 0);
    const result = trips.end(beginMs)
    if (result === undefined) continue
    bell.close()
    return result
  }
}

const options = parseSideOptions()
if (options.role === 'send') sendMessages(options)
else if (options.role === 'receive') tell(receiveMessages(options))
else if (options.role === 'call') tell(callWithMessages(options))
else throw new Error('takes one role: send, receive or call')
