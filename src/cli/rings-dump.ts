import { RingError } from '../shm/errors.ts'
import type { DescribedRing } from '../shm/region-inspector.ts'
import { COPIED_BYTES_MAX, type UnreadCopy } from '../shm/ring-inspector.ts'
import { COMMAND, EVENT, RECORD_FLAG } from '../shm/shared-mem.ts'
import { type UnreadRecord, unreadRecords } from '../shm/unread-records.ts'
import { hexLines } from './hex-dump.ts'
import { ringName } from './rings-table.ts'

const TYPE_NAMES = { 'to-core': namesOf(COMMAND), 'from-core': namesOf(EVENT) }
const FLAG_NAMES = Object.entries(RECORD_FLAG)
const INDENT = '  '

/**
 * The unread records of a ring, a piece of text for each. It reads the ring when it is asked for the
 * first piece, all at once, and never after.
 *
 * @param payloadBytesMax of each record, how much is shown.
 * @param copiedBytesMax of the ring, how much is copied.
 */
export function* ringDump(
  ring: DescribedRing,
  payloadBytesMax: number,
  copiedBytesMax = COPIED_BYTES_MAX,
): Generator<string, void, undefined> {
  const name = ringName(ring)
  if (ring.inspector === undefined) {
    yield `${name}: ${ring.problem ?? 'not to be found'}\n`
    return
  }
  const copy = ring.inspector.copyUnread(copiedBytesMax)
  yield `${name}: ${headingOf(copy)}\n`
  try {
    for (const record of unreadRecords(copy)) {
      yield recordText(record, ring.direction, payloadBytesMax)
    }
  } catch (error) {
    if (!(error instanceof RingError)) throw error
    yield `${INDENT}damaged: ${error.message}. Nothing behind it can be told\n`
    return
  }
  const left = (copy.usedBytes ?? 0) - copy.bytes.length
  if (left > 0) {
    yield `${INDENT}${left} bytes more are unread: the first ${copy.bytes.length} were looked at\n`
  }
}

function headingOf({ head, tail, usedBytes, unread }: UnreadCopy): string {
  if (usedBytes === undefined) return `head ${head}, tail ${tail}`
  if (usedBytes === 0) return `nothing unread, head and tail at ${head}`
  const records = unread === undefined ? 'an impossible number of' : unread
  return `${usedBytes} bytes unread, from ${head} to ${tail}; by the counters ${records} records`
}

function recordText(
  record: UnreadRecord,
  direction: DescribedRing['direction'],
  payloadBytesMax: number,
): string {
  const { position, type, stream, sequence, payload } = record
  const freed = record.isFreed ? '; read while it was copied, may be overwritten' : ''
  if (type === COMMAND.PADDING) {
    return `${position}  PADDING, ${payload.length} bytes up to the end of the ring${freed}\n`
  }
  const facts = [
    typeName(type, direction),
    `stream ${stream}`,
    `sequence ${sequence}`,
    `${payload.length} bytes`,
    `flags ${flagsText(record)}`,
  ]
  const shown = payload.subarray(0, payloadBytesMax)
  const left = payload.length - shown.length
  return [
    `${position}  ${facts.join(', ')}${freed}`,
    ...hexLines(shown).map((line) => INDENT + line),
    ...(left > 0 ? [`${INDENT}${left} bytes more`] : []),
    '',
  ].join('\n')
}

function typeName(type: number, direction: DescribedRing['direction']): string {
  const name = direction === undefined ? undefined : TYPE_NAMES[direction].get(type)
  return name ?? `type ${type}`
}

function flagsText({ flags, hasRightChecksum }: UnreadRecord): string {
  let unknown = flags
  const names: string[] = []
  for (const [name, bit] of FLAG_NAMES) {
    if ((flags & bit) === 0) continue
    unknown &= ~bit
    names.push(
      bit === RECORD_FLAG.CHECKSUM ? `${name} (${hasRightChecksum ? 'right' : 'WRONG'})` : name,
    )
  }
  if (unknown !== 0) names.push(`0x${unknown.toString(16)}`)
  return names.length === 0 ? 'none' : names.join(' ')
}

function namesOf(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]))
}
