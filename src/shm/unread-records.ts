import { RingError } from './errors.ts'
import { hasRightChecksum } from './record-checksum.ts'
import { fitsBeforeEnd, HEADER_BYTES, payloadBytesMaxOf, recordBytes } from './ring-geometry.ts'
import type { UnreadCopy } from './ring-inspector.ts'
import { COMMAND, RECORD_FLAG, RecordHeader } from './shared-mem.ts'
import { type Memory, memoryOver } from './struct-view.ts'

const {
  length: LENGTH,
  type: TYPE,
  flags: FLAGS,
  stream: STREAM,
  sequence: SEQUENCE,
} = RecordHeader.offsets

/** A record as it lies in the copy of a ring. */
export interface UnreadRecord {
  /** Bytes ever published before it, modulo 2^32. */
  readonly position: number
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly sequence: number
  /** As it lies there, with the checksum where it has one. */
  readonly payload: Uint8Array
  /** Undefined where it has none. */
  readonly hasRightChecksum: boolean | undefined
  /** The consumer freed it while it was copied: the producer may have written over it. */
  readonly isFreed: boolean
}

/**
 * The records of a copy, in order, those that fill the end of the ring too. A record that the copy
 * holds only a part of is left out.
 *
 * @throws {RingError} where the positions contradict each other, or where a record is impossible:
 *   what follows it cannot be found then.
 */
export function* unreadRecords(copy: UnreadCopy): Generator<UnreadRecord, void, undefined> {
  const { head, tail, capacity, usedBytes, bytes } = copy
  if (usedBytes === undefined) {
    throw new RingError(
      `the producer stands at ${tail}, which is not ahead of the consumer at ${head} by whole records of at most ${capacity} bytes`,
    )
  }
  const memory = memoryOver(bytes)
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const next = at + checkedBytes(memory, at, copy)
    if (next > bytes.length) return
    yield parse(memory, at, copy)
    at = next
  }
}

/**
 * The bytes of the record at `at`, with header and alignment, where they are possible by the rules
 * of `SpscRingConsumer`.
 */
function checkedBytes({ data }: Memory, at: number, copy: UnreadCopy): number {
  const { capacity, head, usedBytes = 0, freedBytes } = copy
  const position = (head + at) >>> 0
  const length = data.getUint32(at + LENGTH, true)
  const type = data.getUint16(at + TYPE, true)
  const bytes = recordBytes(length)
  const toEnd = capacity - (position & (capacity - 1))
  const fits = fitsBeforeEnd(type, length, bytes, toEnd, payloadBytesMaxOf(capacity))
  const published = usedBytes - at
  if (fits && bytes <= published) return bytes
  const overwritten = at < freedBytes ? '; it may have been overwritten while it was copied' : ''
  throw new RingError(
    `the record at ${position} says that it is ${length} bytes of type ${type}, with ${published} bytes published from there on${overwritten}`,
  )
}

function parse(memory: Memory, at: number, { head, freedBytes }: UnreadCopy): UnreadRecord {
  const { data, bytes } = memory
  const length = data.getUint32(at + LENGTH, true)
  const type = data.getUint16(at + TYPE, true)
  const flags = data.getUint16(at + FLAGS, true)
  const hasChecksum = type !== COMMAND.PADDING && (flags & RECORD_FLAG.CHECKSUM) !== 0
  return {
    position: (head + at) >>> 0,
    ...{ type, flags },
    stream: data.getUint32(at + STREAM, true),
    sequence: data.getUint32(at + SEQUENCE, true),
    payload: bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length),
    hasRightChecksum: hasChecksum ? hasRightChecksum(memory, at, HEADER_BYTES + length) : undefined,
    isFreed: at < freedBytes,
  }
}
