import { ArgumentError } from '../errors.ts'
import { roundUp } from './layout.ts'
import { pageBytes } from './mapping.ts'
import { copyOfPart } from './memory-copy.ts'
import { checkCapacity } from './ring-geometry.ts'
import {
  LAYOUT_HASH,
  LAYOUT_VERSION,
  LIMITS,
  REGION_MAGIC,
  RegionHeader,
  RING_KIND,
  RingControl,
  RingDescriptor,
  SharedMem,
} from './shared-mem.ts'
import type { Memory, StructView } from './struct-view.ts'

/** The rings of one core unless the caller chooses: 64 blocks of 1,024 frames of one channel. */
export const DEFAULT_RING_CAPACITY_BYTES = 256 * 1024

/** Offsets in a region, and its size, are 32 bits wide. */
export const REGION_BYTES_MAX = 0xffffffff

/** A session has 32 bits, and is never 0. */
const SESSION_MAX = 0xffffffff

/** The parts of a region before its rings. */
type RegionPart = keyof typeof SharedMem.fields

export interface CreateRegionOptions {
  /** Cores, each with a pair of rings: 1 to {@link LIMITS.CORES_MAX}. */
  readonly cores: number
  /**
   * Capacity of each ring in bytes, a power of two from {@link LIMITS.RING_CAPACITY_MIN} to
   * {@link LIMITS.RING_CAPACITY_MAX}; all rings together less than 4 GiB. Default {@link DEFAULT_RING_CAPACITY_BYTES}.
   */
  readonly ringCapacityBytes?: number
}

/**
 * The size of a region in bytes: whole pages.
 *
 * @throws {ArgumentError} where the capacity is out of its range, or the region would be larger than
 *   {@link REGION_BYTES_MAX}.
 */
export function regionBytes(cores: number, ringCapacityBytes: number): number {
  checkCapacity(ringCapacityBytes)
  const ringBytes = RingControl.bytes + ringCapacityBytes
  const bytes = roundUp(SharedMem.bytes + 2 * cores * ringBytes, pageBytes())
  if (bytes > REGION_BYTES_MAX) {
    throw new ArgumentError(
      `${cores} cores with rings of ${ringCapacityBytes} bytes need a region of ${bytes} bytes, and the most is ${REGION_BYTES_MAX}`,
    )
  }
  return bytes
}

/**
 * The size of the region that is asked for, in bytes.
 *
 * @throws {ArgumentError} where an option is out of its range.
 */
export function bytesFor(options: CreateRegionOptions): number {
  const { cores, ringCapacityBytes = DEFAULT_RING_CAPACITY_BYTES } = options
  if (!Number.isInteger(cores) || cores < 1 || cores > LIMITS.CORES_MAX) {
    throw new ArgumentError(`a region has 1 to ${LIMITS.CORES_MAX} cores, not ${cores}`)
  }
  return regionBytes(cores, ringCapacityBytes)
}

/**
 * Sets parts of a region to 0, word by word, because a device's memory may take nothing else. The
 * header goes first.
 */
export function eraseRegion({ words }: Memory, ...parts: readonly RegionPart[]): void {
  for (const part of parts) {
    const start = SharedMem.offsets[part] / 4
    const end = start + SharedMem.fields[part].bytes / 4
    // Release, and from its first word on, which is the magic: no core attaches to a half of it.
    for (let at = start; at < end; at++) Atomics.store(words, at, 0)
  }
}

/**
 * Describes the rings and makes a new session. The header and the descriptors are all 0: only what is
 * not 0 is written, the magic last.
 *
 * @param capacity bytes of each ring.
 */
export function formatRegion(
  { header, rings }: StructView<typeof SharedMem, 'host'>,
  bytes: number,
  cores: number,
  capacity: number,
): void {
  for (let index = 0; index < 2 * cores; index++) {
    const ring = rings[index]
    if (ring === undefined) break
    ring.kind = index % 2 === 0 ? RING_KIND.TO_CORE : RING_KIND.FROM_CORE
    ring.core = Math.floor(index / 2)
    ring.offset = SharedMem.bytes + index * (RingControl.bytes + capacity)
    ring.capacity = capacity
  }
  // Release, each in its turn: a core that saw the magic of before goes by the session, and finds the
  // rings and the layout that belong to it.
  header.layoutVersion = LAYOUT_VERSION
  header.layoutHash = LAYOUT_HASH
  // Any other than before will do, and nobody has to guess it: node:crypto takes milliseconds to load.
  header.session = 1 + Math.floor(Math.random() * SESSION_MAX)
  header.regionBytes = bytes
  header.coreCount = cores
  header.ringCount = 2 * cores
  // Release: who finds the magic finds all of the above.
  header.magic = REGION_MAGIC
}

/** A copy of what only the host writes, and only when it formats the region. */
export function declaredBytes(memory: Memory): Buffer {
  const { header, rings } = SharedMem.offsets
  return Buffer.concat([
    copyOfPart(memory, header, RegionHeader.bytes),
    copyOfPart(memory, rings, LIMITS.RINGS_MAX * RingDescriptor.bytes),
  ])
}
