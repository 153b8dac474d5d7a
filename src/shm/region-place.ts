import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { checkInteger } from '../arguments.ts'
import { ArgumentError, errorCode, errorMessage } from '../errors.ts'
import { RegionError } from './errors.ts'
import { pageBytes } from './mapping.ts'
import { SharedMem } from './shared-mem.ts'

/** Where in a file or device a region lies. */
export interface PlaceOptions {
  /**
   * Where the region starts, in bytes; whole pages. Default 0. In `/dev/mem` that is a physical
   * address. A UIO device's map has none: a region starts where its map does.
   */
  readonly offset?: number
  /**
   * How many bytes there are for it; whole pages. Default all that there are, to the end of the file
   * or of the UIO device's map. `/dev/mem` has no end: there it must be given.
   */
  readonly length?: number
  /** Of a UIO device, which of its maps, as its driver numbers them: 0 to 4. Default 0. */
  readonly uioMap?: number
}

/** A place that was checked, open. */
export interface RegionPlace {
  readonly path: string
  readonly fd: number
  /** Whether it can be cut short. */
  readonly isFile: boolean
  /** Whether it is mapped as a device's memory, which takes aligned accesses only. */
  readonly isDevice: boolean
  /** What mmap takes for where it starts. */
  readonly offset: number
  /** How many bytes there are from there. */
  readonly bytes: number
  /** How long the file must be; to the end of the region where nothing is said. */
  readonly fileBytes?: number
  readonly device: bigint
  readonly inode: bigint
}

/** What tells a device apart, and whose a file may be. A test has files stand in for devices. */
export interface Surroundings {
  /** Where sysfs is mounted. */
  readonly sysfs: string
  /** This process's user. */
  readonly user: number
  /** `MAJOR:MINOR` of a character device; undefined of anything else. */
  deviceNumber(stats: BigIntStats): string | undefined
}

export const SURROUNDINGS: Surroundings = {
  sysfs: '/sys',
  user: process.geteuid?.() ?? 0,
  deviceNumber: (stats) => (stats.isCharacterDevice() ? numberOf(stats.rdev) : undefined),
}

/** `/dev/mem`, wherever it is mounted. */
const PHYSICAL_MEMORY = '1:1'

/** What the driver calls its UIO device that maps memory as the cores have it, cached. */
export const CACHED_UIO_NAME = 'carillon'

/** The kernel's MAX_UIO_MAPS, less one. */
const UIO_MAP_MAX = 4

/**
 * Opens a regular file, a UIO device or `/dev/mem` for a region, and checks that it is one, that
 * nobody but this user and root has it, and that the place lies in it.
 *
 * @throws {ArgumentError} where an option is out of its range.
 * @throws {RegionError} where it cannot be opened or is not what it must be.
 */
export function openPlace(
  path: string,
  writable: boolean,
  options: PlaceOptions = {},
  surroundings = SURROUNDINGS,
): RegionPlace {
  checkWholePages('offset', options.offset ?? 0, 0)
  if (options.length !== undefined) checkWholePages('length', options.length, 1)
  // Before it is opened: to open some devices is to start them.
  const named = checkKind(path, look(path), surroundings)
  const fd = openChecked(path, flagsFor(named.kind, writable))
  try {
    const stats = fstatSync(fd, { bigint: true })
    if (stats.ino !== named.stats.ino || stats.dev !== named.stats.dev) {
      throw new RegionError(
        'ERR_CARILLON_REGION_ORPHANED',
        `${path} was replaced while it was opened`,
      )
    }
    checkOwner(path, stats, surroundings)
    const { offset, bytes } = placeIn(path, named.kind, stats, options, surroundings)
    const { dev: device, ino: inode } = stats
    const isDevice = isDeviceMemory(path, named.kind, surroundings)
    return { path, fd, isFile: named.kind === 'file', isDevice, offset, bytes, device, inode }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Of other drivers nobody tells, and what they give by physical addresses is a device's. */
function isDeviceMemory(path: string, kind: Kind, { sysfs }: Surroundings): boolean {
  if (kind === 'uio') return uioAttribute(sysfs, path, 'name') !== CACHED_UIO_NAME
  return kind === 'memory'
}

type Kind = 'file' | 'uio' | 'memory'

function look(path: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true })
  } catch (error) {
    throw notOpened(path, error)
  }
}

function checkKind(
  path: string,
  stats: BigIntStats,
  { sysfs, deviceNumber }: Surroundings,
): { kind: Kind; stats: BigIntStats } {
  const number = deviceNumber(stats)
  if (number === PHYSICAL_MEMORY) return { kind: 'memory', stats }
  if (number !== undefined && number === uioAttribute(sysfs, path, 'dev')) {
    return { kind: 'uio', stats }
  }
  if (number === undefined && stats.isFile()) return { kind: 'file', stats }
  if (stats.isSymbolicLink()) throw isLink(path)
  throw new RegionError(
    'ERR_CARILLON_REGION_KIND',
    `${path} is neither a regular file nor a UIO device nor /dev/mem`,
  )
}

/** Nothing that blocks, and no link: what stands there may have been replaced since it was looked at. */
function flagsFor(kind: Kind, writable: boolean): number {
  const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_SYNC } = constants
  const access = writable ? O_RDWR : O_RDONLY
  // Uncached: the core at the other side may not share this one's caches. Of UIO the driver decides.
  const caching = kind === 'memory' ? O_SYNC : 0
  return access | caching | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
}

function openChecked(path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    throw errorCode(error) === 'ELOOP' ? isLink(path) : notOpened(path, error)
  }
}

/** Whoever owns a file may write over it or cut it short, whatever its mode. */
function checkOwner(path: string, { uid }: BigIntStats, { user }: Surroundings): void {
  if (uid === 0n || uid === BigInt(user)) return
  throw new RegionError(
    'ERR_CARILLON_REGION_OWNER',
    `${path} belongs to user ${uid}; a region is this user's (${user}) or root's`,
  )
}

function placeIn(
  path: string,
  kind: Kind,
  { size }: BigIntStats,
  options: PlaceOptions,
  { sysfs }: Surroundings,
): { offset: number; bytes: number } {
  const { offset = 0, length, uioMap } = options
  if (kind !== 'uio' && uioMap !== undefined) {
    throw new ArgumentError(`${path} is no UIO device, and has no map ${uioMap}`)
  }
  if (kind === 'file') return { offset, bytes: bytesOfFile(path, Number(size), offset, length) }
  if (kind === 'uio') {
    if (offset !== 0) throw new ArgumentError(`a region on ${path} starts where its map does`)
    const map = checkInteger('uioMap', uioMap ?? 0, 0, UIO_MAP_MAX)
    return { offset: map * pageBytes(), bytes: bytesOfUioMap(path, sysfs, map, length) }
  }
  if (length === undefined) {
    throw new ArgumentError(`${path} has no size of its own: say how long the region's place is`)
  }
  return { offset, bytes: length }
}

function bytesOfFile(path: string, size: number, offset: number, length = size - offset): number {
  const end = offset + Math.max(length, SharedMem.bytes)
  if (end > size) {
    throw new RegionError(
      'ERR_CARILLON_REGION_SIZE',
      `${path} is ${size} bytes; a region there would end at ${end}`,
    )
  }
  if (length % pageBytes() !== 0) {
    throw new RegionError(
      'ERR_CARILLON_REGION_ALIGNMENT',
      `${path} is ${size} bytes; a region is whole pages of ${pageBytes()}`,
    )
  }
  return length
}

function bytesOfUioMap(path: string, sysfs: string, map: number, length?: number): number {
  const attribute = (name: string) => uioAttribute(sysfs, path, `maps/map${map}/${name}`)
  const size = Number(attribute('size') ?? Number.NaN)
  if (!Number.isSafeInteger(size)) {
    throw new RegionError('ERR_CARILLON_REGION_SIZE', `${path} has no map ${map}`)
  }
  // In a page: where the device's memory does not start on one.
  const start = Number(attribute('offset') ?? 0)
  if (start !== 0) {
    throw new RegionError(
      'ERR_CARILLON_REGION_ALIGNMENT',
      `map ${map} of ${path} starts ${start} bytes into a page; a region is whole pages`,
    )
  }
  const bytes = length ?? size - (size % pageBytes())
  if (bytes === 0 || bytes > size) {
    throw new RegionError(
      'ERR_CARILLON_REGION_SIZE',
      `map ${map} of ${path} is ${size} bytes; a region there would be ${bytes || pageBytes()}`,
    )
  }
  return bytes
}

/** What the kernel tells of a UIO device; undefined where it is none, or has no such attribute. */
function uioAttribute(sysfs: string, path: string, attribute: string): string | undefined {
  const name = basename(path)
  if (!/^uio\d+$/.test(name)) return undefined
  try {
    return readFileSync(join(sysfs, 'class/uio', name, attribute), 'latin1').trim()
  } catch {
    return undefined
  }
}

/** As Linux packs a device's number into 64 bits. */
function numberOf(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

/** @throws {ArgumentError} where it is no whole number of pages, or less than `least`. */
export function checkWholePages(name: string, bytes: number, least: number): void {
  checkInteger(name, bytes, least, Number.MAX_SAFE_INTEGER)
  if (bytes % pageBytes() === 0) return
  throw new ArgumentError(`${name} is whole pages of ${pageBytes()} bytes, not ${bytes}`)
}

function isLink(path: string): RegionError {
  return new RegionError(
    'ERR_CARILLON_REGION_SYMLINK',
    `${path} is a symbolic link, which anybody may turn elsewhere; name what it leads to`,
  )
}

function notOpened(path: string, cause: unknown): RegionError {
  return new RegionError(
    'ERR_CARILLON_MAPPING',
    `${path} could not be opened: ${errorMessage(cause)}`,
    { cause },
  )
}
