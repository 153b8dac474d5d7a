import { createRequire } from 'node:module'
import { checkOneOf } from '../arguments.ts'
import { errorCode, errorMessage } from '../errors.ts'
import { loadAddon, type MissingAddon } from '../native-addon.ts'
import { RegionError } from './errors.ts'

/** What to map: `bytes` of an open file or device from `offset`, both whole pages. */
export interface MappedPlace {
  readonly fd: number
  readonly offset: number
  readonly bytes: number
  readonly writable: boolean
}

/** What maps memory. */
export interface Mapper {
  /** The size of a page of memory, in bytes. */
  readonly pageBytes: number
  /** The highest offset and length that it can be given. */
  readonly highest: number
  /** @throws where the system refuses. */
  map(place: MappedPlace): ArrayBufferLike
}

/** What is used of the native addon here. What fails in the system answers with a negative number. */
export interface MappingAddon {
  readonly pageBytes: number
  /** Not 0 where a guarded memory's file was cut short. */
  readonly guardFlags: Int32Array
  map(fd: number, offset: number, bytes: number, writable: boolean): ArrayBuffer | number
  /** Guards memory against SIGBUS, whoever mapped it: the index of its flag. */
  guard(memory: ArrayBufferLike): number
  /** Maps the file anew where zeros took its place. */
  restore(index: number, fd: number, offset: number, writable: boolean): number
  /** Ends the guard and detaches the memory, which is then unmapped. False where it cannot be. */
  release(memory: ArrayBufferLike): boolean
}

/** What is used of the package `mmap-io`. */
interface MmapIo {
  map(size: number, protection: number, flags: number, fd: number, offset: number): Buffer
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  readonly PAGESIZE: number
}

/** In the order of preference. */
export const MAPPER_NAMES = ['mmap-io', 'addon'] as const

export type MapperName = (typeof MAPPER_NAMES)[number]

const MAPPERS: Record<MapperName, () => Mapper | MissingAddon> = {
  'mmap-io': mmapIoMapper,
  addon: addonMapper,
}

/** Each is looked for once. */
const found = new Map<MapperName, Mapper | MissingAddon>()

/** The mapper of this name, or why it is not there. */
export function mapperNamed(name: MapperName): Mapper | MissingAddon {
  const mapper = found.get(name) ?? MAPPERS[name]()
  found.set(name, mapper)
  return mapper
}

/**
 * The one that `CARILLON_MAPPER` in the environment names, else the first that is there: `mmap-io`, or
 * the addon where that did not compile. To who uses the memory they are the same.
 *
 * @throws {ArgumentError} where the environment names none.
 * @throws {RegionError} `ERR_CARILLON_MAPPING_UNAVAILABLE`.
 */
export function chooseMapper(): Mapper {
  const { CARILLON_MAPPER: wanted } = process.env
  const names =
    wanted === undefined
      ? MAPPER_NAMES
      : [checkOneOf('CARILLON_MAPPER', wanted as MapperName, MAPPER_NAMES)]
  const reasons: string[] = []
  for (const name of names) {
    const mapper = mapperNamed(name)
    if (!('reason' in mapper)) return mapper
    reasons.push(mapper.reason)
  }
  throw new RegionError(
    'ERR_CARILLON_MAPPING_UNAVAILABLE',
    `shared memory cannot be mapped: ${reasons.join('; ')}`,
  )
}

/** The addon, where it is there. */
export function mappingAddon(): MappingAddon | undefined {
  const addon = loadAddon<MappingAddon>()
  return 'reason' in addon ? undefined : addon
}

function addonMapper(): Mapper | MissingAddon {
  const addon = loadAddon<MappingAddon>()
  if ('reason' in addon) return addon
  return {
    pageBytes: addon.pageBytes,
    highest: Number.MAX_SAFE_INTEGER,
    map({ fd, offset, bytes, writable }) {
      const memory = addon.map(fd, offset, bytes, writable)
      if (typeof memory === 'number') throw new SystemRefusal(memory)
      return memory
    },
  }
}

/** Optional, so that an installation in which it does not compile has all the rest. */
function mmapIoMapper(): Mapper | MissingAddon {
  const require = createRequire(import.meta.url)
  try {
    const module = requireMmapIo(require) as MmapIo | { default: MmapIo }
    return overMmapIo('default' in module ? module.default : module)
  } catch (error) {
    const [firstLine] = errorMessage(error).split('\n')
    return {
      reason: `the package mmap-io is not installed or did not compile (CXXFLAGS=-std=gnu++20 npm install mmap-io@npm:@riaskov/mmap-io): ${firstLine}`,
    }
  }
}

/**
 * The package's binary, or else the package: it finds its binary by a tool of many modules, which takes
 * a good part of the time that a command needs to start.
 */
function requireMmapIo(require: NodeJS.Require): unknown {
  const { platform, arch, versions } = process
  const folder = `mmap-io/build/binding/Release/node-v${versions.modules}-${platform}-${arch}`
  try {
    return require(`${folder}/mmap_io.node`)
  } catch (error) {
    if (errorCode(error) !== 'MODULE_NOT_FOUND') throw error
    return require('mmap-io')
  }
}

function overMmapIo(mmap: MmapIo): Mapper {
  return {
    pageBytes: mmap.PAGESIZE,
    // It takes both for 32-bit integers, and what is more would wrap around.
    highest: 0x7fff_ffff,
    map({ fd, offset, bytes, writable }) {
      const protection = writable ? mmap.PROT_READ | mmap.PROT_WRITE : mmap.PROT_READ
      try {
        return mmap.map(bytes, protection, mmap.MAP_SHARED, fd, offset).buffer
      } catch (error) {
        // All that it tells is the number: `mmap failed, 12`.
        const number = /\d+$/.exec(errorMessage(error))?.[0]
        throw number === undefined ? error : new SystemRefusal(-Number(number))
      }
    },
  }
}

/** A call of the system that was refused, as `systemReason` reads it. */
export class SystemRefusal extends Error {
  /** Negative, as Node has it. */
  readonly errno: number

  constructor(errno: number) {
    super(`mmap: error ${-errno}`)
    this.errno = errno
  }
}
