// A host as a process of its own, which passes blocks through a core's rings and checks each answer,
// until it is killed. What it has seen, it says to its parent.
import { equal } from 'node:assert/strict'
import { CoreLink } from '../../src/bridge/core-link.ts'
import { EventFdDoorbell } from '../../src/cores/event-fd-doorbell.ts'
import { COMMAND, EVENT, OpenStream } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

/** What the host tells its parent. Times are milliseconds of the system's clock. */
export type HostReport =
  | { readonly event: 'attached'; readonly at: number }
  | {
      readonly event: 'answered'
      /** When the first block of a link came back. */
      readonly at: number
    }
  | {
      readonly event: 'unlinked'
      /** Records of the link, all right and in order. */
      readonly sent: number
      readonly received: number
    }
  | { readonly event: 'lost'; readonly toCore: number; readonly fromCore: number }

const [path = '', capacity = '', ringFd = '', waitFd = ''] = process.argv.slice(2)
/** Blocks under way, so that there is always something to lose. */
const WINDOW = 64
const BLOCK_WORDS = 100
const NOTHING = new Uint8Array(0)

const now = () => performance.timeOrigin + performance.now()
const tell = (report: HostReport) => process.send?.(report)

let sent = 0
let received = 0
let blocks = 0
let links = 0
const block = new Uint32Array(BLOCK_WORDS)

function openingOf(): Uint8Array {
  const bytes = new Uint8Array(OpenStream.bytes)
  const view = viewStruct(OpenStream, memoryOver(bytes), 0, 'host')
  view.sampleRateHz = 48_000
  view.channels = 1
  return bytes
}

function send(type: number, sequence: number, payload: Uint8Array): boolean {
  const isSent = link.send(type, 0, sequence, payload)
  if (isSent) sent++
  return isSent
}

function fill(): void {
  // Answers that have come: all records but that of the start.
  while (blocks - (received - 1) < WINDOW) {
    block.fill(Math.imul(blocks + 1, 2654435761))
    if (!send(COMMAND.SAMPLES, blocks, new Uint8Array(block.buffer))) return
    blocks++
  }
}

function check({ type, sequence, offset, length }: RingRecord, bytes: Uint8Array): void {
  if (received === 0) {
    equal(type, EVENT.STARTED)
    return
  }
  equal(type, EVENT.SAMPLES)
  equal(sequence, received - 1, 'a block is lost, there twice or out of order')
  equal(length, 4 * BLOCK_WORDS)
  const expected = Math.imul(sequence + 1, 2654435761) >>> 0
  const words = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
  for (let at = 0; at < length; at += 4) equal(words.getUint32(at, true), expected)
}

const region = SharedRegion.attachHost(path, { cores: 1, ringCapacityBytes: Number(capacity) })
tell({ event: 'attached', at: now() })
const doorbell = EventFdDoorbell.adopt(Number(ringFd), Number(waitFd), () => link.onBell())
const link: CoreLink = new CoreLink(region, 0, () => doorbell.ring(), {
  onLinked: (lost) => {
    if (links++ > 0) tell({ event: 'lost', ...lost })
    sent = received = blocks = 0
    send(COMMAND.OPEN, 0, openingOf())
    send(COMMAND.START, 0, NOTHING)
  },
  onUnlinked: () => tell({ event: 'unlinked', sent, received }),
  onRecord: (record, bytes) => {
    check(record, bytes)
    received++
    if (received === 2) tell({ event: 'answered', at: now() })
    fill()
  },
  onRoom: fill,
})
link.onBell()
