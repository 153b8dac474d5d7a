import { closeSync, fstatSync, rmSync, statSync } from 'node:fs'
import { checkInteger } from '../arguments.ts'
import { problemOfRegion } from './check-region.ts'
import { RegionError } from './errors.ts'
import { Mapping, pageBytes } from './mapping.ts'
import { copyOfPart } from './memory-copy.ts'
import { allocate, createFile, type NewFileOptions } from './region-allocation.ts'
import {
  bytesFor,
  type CreateRegionOptions,
  DEFAULT_RING_CAPACITY_BYTES,
  declaredBytes,
  eraseRegion,
  formatRegion,
  REGION_BYTES_MAX,
} from './region-format.ts'
import {
  checkWholePages,
  openPlace,
  type PlaceOptions,
  type RegionPlace,
  type Surroundings,
} from './region-place.ts'
import { SharedMem } from './shared-mem.ts'
import { type Memory, memoryOver, type StructView, viewStruct } from './struct-view.ts'

export interface AttachHostOptions extends CreateRegionOptions, PlaceOptions {}

type Header = StructView<typeof SharedMem, 'reader'>['header']

/**
 * A file or a device's memory, mapped, that holds a {@link SharedMem} and the rings that it
 * describes: a host's (`SharedRegion<'host'>`), or attached to for looking only
 * (`SharedRegion<'reader'>`).
 *
 * Where its file is cut short meanwhile, `isTruncated` says so, and what was in it reads as zeros.
 * Without the native addon that ends the process.
 */
export class SharedRegion<S extends 'host' | 'reader' = 'host'> {
  readonly path: string
  readonly #place: RegionPlace
  readonly #mapping: Mapping
  readonly #memory: Memory
  readonly #shared: StructView<typeof SharedMem, S>
  readonly #header: Header
  /** Of a host's region until it is removed or closed. */
  #fd: number | undefined
  /** Of a host's region: what its header and its ring descriptors are. */
  #declared: Buffer | undefined
  #format: (() => void) | undefined
  #isClosed = false

  private constructor(place: RegionPlace, bytes: number, side: S) {
    const { path, fd, offset } = place
    this.path = path
    this.#place = { ...place, bytes }
    this.#mapping = new Mapping({ fd, offset, bytes, writable: side === 'host' })
    this.#memory = memoryOver(this.#mapping.bytes, place.isDevice)
    this.#shared = viewStruct(SharedMem, this.#memory, 0, side)
    this.#header = viewStruct(SharedMem, this.#memory, 0, 'reader').header
  }

  /**
   * Makes a new file with a region in it, for this user only. It stays open until `remove`, and cores
   * get it open ({@link fd}), so nobody needs the right to write to it by its name: nobody has it,
   * because a file that is cut short takes what is in it from everybody who has it mapped.
   *
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {RegionError} `ERR_CARILLON_MAPPING` where the file exists, or cannot be made or mapped.
   */
  static create(path: string, options: CreateRegionOptions & NewFileOptions): SharedRegion<'host'> {
    const bytes = bytesFor(options)
    const { offset = 0, fileBytes = offset + bytes } = options
    checkWholePages('offset', offset, 0)
    checkInteger('fileBytes', fileBytes, offset + bytes, Number.MAX_SAFE_INTEGER)
    const fd = createFile(path)
    try {
      allocate(fd, path, { offset, bytes, fileBytes })
      const { ino: inode, dev: device } = fstatSync(fd, { bigint: true })
      const place = {
        path,
        fd,
        isFile: true,
        isDevice: false,
        offset,
        bytes,
        fileBytes,
        device,
        inode,
      }
      return SharedRegion.#madeBy(place, bytes, options)
    } catch (error) {
      rmSync(path, { force: true })
      closeSync(fd)
      throw error
    }
  }

  /**
   * Maps memory that is there already, a file's or a device's (UIO, `/dev/mem`), and makes a region in
   * it with a new session, whether it holds one or not. A core that runs on it starts anew. The rings
   * stay as they were left, for their counters: see `coreRings`. At most one host may use it at a
   * time; nothing but the caller sees to that.
   *
   * @param surroundings for tests.
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {RegionError} where it is not such memory, or has too little room for the rings.
   */
  static attachHost(
    path: string,
    options: AttachHostOptions,
    surroundings?: Surroundings,
  ): SharedRegion<'host'> {
    const bytes = bytesFor(options)
    const place = openPlace(path, true, options, surroundings)
    try {
      checkRoom(place, bytes)
      return SharedRegion.#madeBy(place, bytes, options)
    } catch (error) {
      closeSync(place.fd)
      throw error
    }
  }

  /**
   * Maps a region that another process has made, to look at it. Nothing of it can be written: the ends
   * of rings and queues refuse its memory, and a store into `memory.bytes` ends the process.
   *
   * @param surroundings for tests.
   * @throws {ArgumentError} where an option is out of its range.
   * @throws {RegionError} where it is not a sound region of this version.
   */
  static attach(
    path: string,
    options?: PlaceOptions,
    surroundings?: Surroundings,
  ): SharedRegion<'reader'> {
    const place = openPlace(path, false, options, surroundings)
    try {
      checkRoom(place, SharedMem.bytes)
      // What lies behind the longest region is none of it, and more than a view can be over.
      const bytes = Math.min(place.bytes, REGION_BYTES_MAX - (REGION_BYTES_MAX % pageBytes()))
      const region = new SharedRegion(place, bytes, 'reader')
      try {
        region.check()
      } catch (error) {
        region.close()
        throw error
      }
      return region
    } finally {
      closeSync(place.fd)
    }
  }

  /** @throws as `attachHost`. The place stays open where it does. */
  static #madeBy(
    place: RegionPlace,
    bytes: number,
    { cores, ringCapacityBytes = DEFAULT_RING_CAPACITY_BYTES }: CreateRegionOptions,
  ): SharedRegion<'host'> {
    const region = new SharedRegion(place, bytes, 'host')
    region.#format = () => formatRegion(region.#shared, bytes, cores, ringCapacityBytes)
    // Of all the memory that there is: the last host's region may have been larger than this one.
    const isNew = problemOfRegion(place.path, region.#head(), place.bytes) !== undefined
    eraseRegion(region.#memory, 'header', 'hostStatus', 'rings', 'control')
    // What a core has written of itself goes on counting, where it was a core that wrote it.
    if (isNew) eraseRegion(region.#memory, 'status', 'traces', 'faults')
    region.#format()
    region.#declared = declaredBytes(region.#memory)
    region.#fd = place.fd
    return region
  }

  /**
   * All of the region.
   *
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` after `close`. Who has it from before finds it
   *   empty then, see {@link close}.
   */
  get memory(): Memory {
    this.#checkOpen()
    return this.#memory
  }

  /**
   * The start of the region.
   *
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` after `close`.
   */
  get shared(): StructView<typeof SharedMem, S> {
    this.#checkOpen()
    return this.#shared
  }

  /**
   * The open file or device, to be handed to a core. Whoever has it needs no name to map the region.
   *
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED` after `remove` or `close`, and where it is only
   *   looked at.
   */
  get fd(): number {
    if (this.#fd !== undefined) return this.#fd
    throw new RegionError(
      'ERR_CARILLON_REGION_CLOSED',
      `${this.path} is not open: a core can use a region from when it is made until it is removed`,
    )
  }

  /** Whether it lies in a file, which another process of this machine can map. */
  get isFile(): boolean {
    return this.#place.isFile
  }

  /**
   * How it is mapped: `cached`, coherent with cores that cache it too; or as a `device`'s memory, past all
   * caches, where every access is aligned.
   */
  get memoryType(): 'cached' | 'device' {
    return this.#place.isDevice ? 'device' : 'cached'
  }

  /** Where it starts in its file or device, in bytes. */
  get offset(): number {
    return this.#place.offset
  }

  /**
   * Whether the file has been cut short. Looked up where this host has it open; else known once
   * something touched what is gone. `renew` mends it. False after `close`.
   */
  get isTruncated(): boolean {
    if (this.#mapping.isTruncated) return true
    const { isFile } = this.#place
    return isFile && this.#fd !== undefined && fstatSync(this.#fd).size < fileBytesOf(this.#place)
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
   * Checks that the region is still what it was.
   *
   * @throws {RegionError} `ERR_CARILLON_REGION_CLOSED`, `…_TRUNCATED`, `…_DAMAGED`, `…_ORPHANED`;
   *   where it is only looked at, also as `attach`.
   */
  check(): void {
    this.#checkOpen()
    const problem =
      this.#declared === undefined
        ? problemOfRegion(this.path, this.#head(), this.#place.bytes)
        : undefined
    // Before what was found in it: where there are zeros in its place, that is the reason.
    if (this.isTruncated) {
      throw new RegionError(
        'ERR_CARILLON_REGION_TRUNCATED',
        `${this.path} was cut short while it was mapped`,
      )
    }
    if (problem !== undefined) throw problem
    if (!this.isIntact) {
      throw new RegionError(
        'ERR_CARILLON_REGION_DAMAGED',
        `the head of ${this.path} was written over by another process`,
      )
    }
    this.#checkName()
  }

  /**
   * Writes the header and the ring descriptors anew, with a new session: every core leaves its rings
   * and starts anew. A file that was cut short is first made as long as it was, and all in it is 0.
   * Does nothing where the region is only looked at.
   *
   * @throws {RegionError} `ERR_CARILLON_MAPPING` where the file cannot be made as long as it was;
   *   `ERR_CARILLON_REGION_CLOSED`.
   */
  renew(): void {
    if (this.#format === undefined) return
    this.#checkOpen()
    if (this.isTruncated) this.#restore()
    eraseRegion(this.#memory, 'header', 'rings')
    this.#format()
    this.#declared = declaredBytes(this.#memory)
  }

  /** Changes whenever a region is made anew. */
  get session(): number {
    this.#checkOpen()
    return this.#header.session
  }

  get cores(): number {
    this.#checkOpen()
    return this.#header.coreCount
  }

  /** Whether the file is no longer the one that is mapped: someone removed or replaced it. */
  get isOrphaned(): boolean {
    try {
      const { ino, dev } = statSync(this.path, { bigint: true })
      return ino !== this.#place.inode || dev !== this.#place.device
    } catch {
      return true
    }
  }

  /**
   * Removes the file, where it is still this one, and closes it. The mapping stays until `close`, or
   * until it is not used any more. A device is closed only.
   */
  remove(): void {
    if (this.#place.isFile && !this.isOrphaned) rmSync(this.path, { force: true })
    this.#closeFile()
  }

  /**
   * Lets go of the memory, and closes the file, which stays. Rings and views over the memory are out
   * of use from then on: what they read is nothing, and what they do with `Atomics` throws a
   * TypeError. The memory is unmapped in the next turn of the event loop. Harmless the second time.
   *
   * Without the native addon the memory is unmapped only when nothing refers to it any more, and on
   * Node 20 views that were made before go on until then.
   */
  close(): void {
    this.#isClosed = true
    this.#closeFile()
    this.#mapping.unmap()
  }

  #closeFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #checkOpen(): void {
    if (!this.#isClosed) return
    throw new RegionError('ERR_CARILLON_REGION_CLOSED', `${this.path} was closed here`)
  }

  #checkName(): void {
    if (!this.isOrphaned) return
    throw new RegionError(
      'ERR_CARILLON_REGION_ORPHANED',
      `${this.path} is no longer what is mapped: it was removed or replaced`,
    )
  }

  /** A copy of the region's start. */
  #head(): Uint8Array {
    return copyOfPart(this.#memory, 0, SharedMem.bytes)
  }

  /** The file as long as it was, and mapped. */
  #restore(): void {
    const { path, isFile, offset, bytes } = this.#place
    const fileBytes = fileBytesOf(this.#place)
    if (isFile) allocate(this.fd, path, { offset, bytes, fileBytes })
    this.#mapping.restore(this.fd)
  }
}

function fileBytesOf({ offset, bytes, fileBytes = offset + bytes }: RegionPlace): number {
  return fileBytes
}

function checkRoom({ path, bytes }: RegionPlace, needed: number): void {
  if (bytes >= needed) return
  throw new RegionError(
    'ERR_CARILLON_REGION_SIZE',
    `${path} has ${bytes} bytes, and the region needs ${needed}`,
  )
}
