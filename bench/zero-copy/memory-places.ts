import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** In how many places of a process's memory some bytes lie, as a whole. */
export interface Places {
  /** In the files that it shares with others: the region. */
  readonly shared: number
  /** In memory of its own. */
  readonly own: number
}

interface Range {
  readonly from: number
  readonly to: number
  readonly isShared: boolean
}

/** So much of the memory is looked through at a time. */
const PIECE_BYTES = 16 * 1024 * 1024

/**
 * Looks through all memory that a process may write to. It sees every copy that is still there,
 * whoever made it and how.
 *
 * @param pid of a process that this one has started: of no other it may.
 * @param bytes that occur nowhere by chance, at most {@link PIECE_BYTES}.
 */
export function findPlaces(pid: number, bytes: Uint8Array): Places {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    const places = { shared: 0, own: 0 }
    for (const range of writableRanges(pid)) {
      places[range.isShared ? 'shared' : 'own'] += countIn(memory, range, bytes)
    }
    return places
  } finally {
    closeSync(memory)
  }
}

function writableRanges(pid: number): Range[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')
  return lines.flatMap((line) => {
    const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? []
    if (!rights.startsWith('rw')) return []
    return [
      {
        ...{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) },
        isShared: rights.endsWith('s'),
      },
    ]
  })
}

function countIn(memory: number, { from, to }: Range, bytes: Uint8Array): number {
  const piece = Buffer.allocUnsafe(Math.min(to - from, PIECE_BYTES + bytes.length))
  let count = 0
  for (let at = from; at < to; at += PIECE_BYTES) {
    // Into the next piece as far as what begins in this one reaches.
    const length = Math.min(to - at, PIECE_BYTES + bytes.length - 1)
    const read = readSome(memory, piece, length, at)
    const found = piece.subarray(0, read)
    for (let place = found.indexOf(bytes); place >= 0; place = found.indexOf(bytes, place + 1)) {
      if (place < PIECE_BYTES) count++
    }
  }
  return count
}

/** Less, or nothing, where the memory has gone meanwhile or is of a device. */
function readSome(memory: number, into: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, into, 0, length, at)
  } catch {
    return 0
  }
}
