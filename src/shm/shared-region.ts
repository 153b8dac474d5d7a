import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { ArgumentError, errorCode, errorMessage } from '../errors.ts'
import { RegionError } from './errors.ts'
import { roundUp } from './layout.ts'
import { mapShared, pageBytes } from './mapping.ts'
import { checkCapacity, isCapacity } from './ring-geometry.ts'
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
import { SpscRingConsumer } from './spsc-ring-consumer.ts'
import { SpscRingProducer } from './spsc-ring-producer.ts'
import { type Memory, memoryOver, type StructView, viewStruct } from './struct-view.ts'

/** The rings of one core unless the caller chooses: 64 blocks of 1,024 frames of one channel. */
export const DEFAULT_RING_CAPACITY_BYTES = 256 * 1024

/** Offsets in a region, and its size, are 32 bits wide. */
export const REGION_BYTES_MAX = 0xffffffff

export interface CreateRegionOptions {
  /** Cores, each with a pair of rings: 1 to {@link LIMITS.CORES_MAX}. */
  readonly cores: number
  /**
   * Capacity of each ring in bytes, a power of two from {@link LIMITS.RING_CAPACITY_MIN} to
   * {@link LIMITS.RING_CAPACITY_MAX}; all rings together less than 4 GiB. Default {@link DEFAULT_RING_CAPACITY_BYTES}.
   */
  readonly ringCapacityBytes?: number
}

/** Both ends that the host has of a core's rings. */
export interface CoreRings {
  readonly toCore: SpscRingProducer
  readonly fromCore: SpscRingConsumer
}

type HostView = StructView<typeof SharedMem, 'host'>
type ReaderView = StructView<typeof SharedMem, 'reader'>

/**
 * A file, mapped, that holds a {@link SharedMem} and the rings that it describes: made by this host
 * (`SharedRegion<'host'>`), or attached to for looking only (`SharedRegion<'reader'>`).
 */
export class SharedRegion<S extends 'host' | 'reader' = 'host'> {
  readonly path: string
  readonly memory: Memory
  /** The start of the region. */
  readonly shared: StructView<typeof SharedMem, S>
  readonly #header: ReaderView['header']
  readonly #inode: bigint
  readonly #device: bigint
  /** Of a host's region until it is removed. */
  #fd: number | undefined
  /** Of a host's region: what its header and its ring descriptors are. */
  #declared: Buffer | undefined
  #format: (() => void) | undefined

  private constructor(path: string, fd: number, bytes: number, side: S) {
    this.path = path
    const { ino, dev } = fstatSync(fd, { bigint: true })
    this.#inode = ino
    this.#device = dev
    this.memory = memoryOver(mapShared(fd, bytes, side === 'host'))
    this.shared = viewStruct(SharedMem, this.memory, 0, side)
    this.#header = viewStruct(SharedMem, this.memory, 0, 'reader').header
  }

  /**
   * Makes a new file with a region in it, for this user only. It stays open until `remove`, and cores
   * get it open ({@link fd}), so nobody needs the right to write to it by its name: nobody has it,
   * because a file that is cut short kills everybody who has it mapped.
   *
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {RegionError} `ERR_CARILLON_MAPPING` where the file exists, or cannot be made or mapped.
   */
  static create(path: string, options: CreateRegionOptions): SharedRegion<'host'> {
    const { cores, ringCapacityBytes = DEFAULT_RING_CAPACITY_BYTES } = options
    if (!Number.isInteger(cores) || cores < 1 || cores > LIMITS.CORES_MAX) {
      throw new ArgumentError(`a region has 1 to ${LIMITS.CORES_MAX} cores, not ${cores}`)
    }
    const bytes = regionBytes(cores, ringCapacityBytes)
    const fd = openFile(path, 'wx+', 0o400)
    try {
      allocate(fd, path, bytes)
      const region = new SharedRegion(path, fd, bytes, 'host')
      region.#format = () => format(region.shared, bytes, cores, ringCapacityBytes)
      region.#format()
      region.#declared = declaredBytes(region.memory)
      region.#fd = fd
      return region
    } catch (error) {
      rmSync(path, { force: true })
      closeSync(fd)
      throw error
    }
  }

  /**
   * Maps a region that another process has made, to look at it: nothing of it can be written.
   *
   * @throws {RegionError} where it is not a sound region of this version.
   */
  static attach(path: string): SharedRegion<'reader'> {
    const fd = openFile(path, 'r', 0)
    try {
      const bytes = fstatSync(fd).size
      if (bytes < SharedMem.bytes || bytes % pageBytes() !== 0) {
        throw new RegionError(
          'ERR_CARILLON_REGION_SIZE',
          `${path} is ${bytes} bytes; a region is whole pages of ${pageBytes()}, at least ${SharedMem.bytes} bytes`,
        )
      }
      const region = new SharedRegion(path, fd, bytes, 'reader')
      check(path, region.shared, bytes)
      return region
    } finally {
      closeSync(fd)
    }
  }

  /**
   * The open file, to be handed to a core. Whoever has it needs no name to map the region.
   *
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` after `remove`, and where it is only looked at.
   */
  get fd(): number {
    if (this.#fd !== undefined) return this.#fd
    throw new RegionError(
      'ERR_CARILLON_REGION_CLOSED',
      `${this.path} is not open: a core can use a region from when it is made until it is removed`,
    )
  }

  /**
   * Whether the header and the ring descriptors are as this host wrote them. Somebody else who has
   * the file open for writing can change them, and no core attaches then. Always true where the
   * region is only looked at.
   */
  get isIntact(): boolean {
    return this.#declared?.equals(declaredBytes(this.memory)) ?? true
  }

  /**
   * Writes the header and the ring descriptors anew, with a new session: every core leaves its rings
   * and starts anew. Does nothing where the region is only looked at.
   */
  renew(): void {
    if (this.#format === undefined) return
    const { header, rings } = SharedMem.offsets
    // The magic first, which lies in the header: no core attaches to a half of it.
    this.memory.bytes.fill(0, header, header + RegionHeader.bytes)
    this.memory.bytes.fill(0, rings, rings + LIMITS.RINGS_MAX * RingDescriptor.bytes)
    this.#format()
    this.#declared = declaredBytes(this.memory)
  }

  /** Changes whenever a region is made anew. */
  get session(): number {
    return this.#header.session
  }

  get cores(): number {
    return this.#header.coreCount
  }

  /** Whether the file is no longer the one that is mapped: someone removed or replaced it. */
  get isOrphaned(): boolean {
    try {
      const { ino, dev } = statSync(this.path, { bigint: true })
      return ino !== this.#inode || dev !== this.#device
    } catch {
      return true
    }
  }

  /**
   * Removes the file, where it is still this one, and closes it. The mapping stays until it is not
   * used any more.
   */
  remove(): void {
    if (!this.isOrphaned) rmSync(this.path, { force: true })
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
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
 * The host's ends of a core's rings. One owner at a time may use them.
 *
 * @throws {ArgumentError} where the region has no such core.
 */
export function coreRings(region: SharedRegion<'host'>, core: number): CoreRings {
  const find = (kind: number) => {
    const found = region.shared.rings.find((ring) => ring.kind === kind && ring.core === core)
    if (found === undefined) throw new ArgumentError(`the region has no rings for core ${core}`)
    return found
  }
  const toCore = find(RING_KIND.TO_CORE)
  const fromCore = find(RING_KIND.FROM_CORE)
  return {
    toCore: new SpscRingProducer(region.memory, toCore.offset, toCore.capacity),
    fromCore: new SpscRingConsumer(region.memory, fromCore.offset, fromCore.capacity),
  }
}

/** A copy of what only the host writes, and only when it makes the region. */
function declaredBytes({ bytes }: Memory): Buffer {
  const { header, rings } = SharedMem.offsets
  return Buffer.concat([
    bytes.subarray(header, header + RegionHeader.bytes),
    bytes.subarray(rings, rings + LIMITS.RINGS_MAX * RingDescriptor.bytes),
  ])
}

/** The header and the descriptors are all 0: only what is not 0 is written, the magic last. */
function format({ header, rings }: HostView, bytes: number, cores: number, capacity: number): void {
  for (let index = 0; index < 2 * cores; index++) {
    const ring = rings[index]
    if (ring === undefined) break
    ring.kind = index % 2 === 0 ? RING_KIND.TO_CORE : RING_KIND.FROM_CORE
    ring.core = Math.floor(index / 2)
    ring.offset = SharedMem.bytes + index * (RingControl.bytes + capacity)
    ring.capacity = capacity
  }
  header.layoutVersion = LAYOUT_VERSION
  header.layoutHash = LAYOUT_HASH
  header.session = randomBytes(4).readUInt32LE() || 1
  header.regionBytes = bytes
  header.coreCount = cores
  header.ringCount = 2 * cores
  // Release: who finds the magic finds all of the above.
  header.magic = REGION_MAGIC
}

function check(path: string, { header, rings }: ReaderView, bytes: number): void {
  if (header.magic !== REGION_MAGIC) {
    throw new RegionError(
      'ERR_CARILLON_REGION_MAGIC',
      `${path} is not a shared region: its first word is ${hex(header.magic)}, not ${hex(REGION_MAGIC)}`,
    )
  }
  if (header.layoutVersion !== LAYOUT_VERSION || header.layoutHash !== LAYOUT_HASH) {
    throw new RegionError(
      'ERR_CARILLON_REGION_LAYOUT',
      `${path} has layout ${header.layoutVersion} (${hex(header.layoutHash)}); this is layout ${LAYOUT_VERSION} (${hex(LAYOUT_HASH)})`,
    )
  }
  if (header.regionBytes > bytes) {
    throw new RegionError(
      'ERR_CARILLON_REGION_SIZE',
      `${path} is ${bytes} bytes, and its region ${header.regionBytes}`,
    )
  }
  const countsFit =
    header.coreCount >= 1 &&
    header.coreCount <= LIMITS.CORES_MAX &&
    header.ringCount === 2 * header.coreCount
  const ringsFit = rings
    .slice(0, header.ringCount)
    .every(
      ({ core, offset, capacity }) =>
        core < header.coreCount &&
        offset >= SharedMem.bytes &&
        offset % RingControl.align === 0 &&
        isCapacity(capacity) &&
        offset + RingControl.bytes + capacity <= header.regionBytes,
    )
  if (!countsFit || !ringsFit) {
    throw new RegionError(
      'ERR_CARILLON_REGION_RINGS',
      `${path} describes rings that do not lie in it`,
    )
  }
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`
}

function openFile(path: string, flags: string, mode: number): number {
  try {
    return openSync(path, flags, mode)
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      errorCode(error) === 'EEXIST'
        ? `${path} exists already`
        : `${path} could not be opened: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}

/**
 * Writes the zeros instead of only setting the size: a file system that is full says so now, where
 * touching a page that it cannot provide would kill the process.
 */
function allocate(fd: number, path: string, bytes: number): void {
  const zeros = Buffer.alloc(Math.min(bytes, 64 * 1024))
  try {
    for (let at = 0; at < bytes; ) {
      at += writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), at)
    }
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      `${path} could not be made ${bytes} bytes long: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}
