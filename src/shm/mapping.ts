import { createRequire } from 'node:module'
import { errorMessage } from '../errors.ts'
import { RegionError } from './errors.ts'

/** What is used of the package `mmap-io`. */
interface MmapIo {
  map(size: number, protection: number, flags: number, fd: number, offset?: number): Buffer
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  readonly PAGESIZE: number
}

let loaded: MmapIo | undefined

/** The size of a page of memory, in bytes. */
export function pageBytes(): number {
  return mmapIo().PAGESIZE
}

/**
 * Maps `bytes` of an open file, shared with whoever else maps it. The mapping lasts until nothing
 * refers to the memory any more.
 *
 * The caller has made sure that the file is that long: touching a page beyond its end kills the
 * process.
 *
 * @throws {RegionError} `ERR_CARILLON_MAPPING`, `ERR_CARILLON_MAPPING_UNAVAILABLE`.
 */
export function mapShared(fd: number, bytes: number, writable: boolean): Uint8Array {
  const mmap = mmapIo()
  const protection = writable ? mmap.PROT_READ | mmap.PROT_WRITE : mmap.PROT_READ
  try {
    const { buffer, byteOffset } = mmap.map(bytes, protection, mmap.MAP_SHARED, fd, 0)
    // Not the Buffer itself: its slice() would be a view where a Uint8Array's is a copy.
    return new Uint8Array(buffer, byteOffset, bytes)
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING',
      `${bytes} bytes could not be mapped: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}

function mmapIo(): MmapIo {
  loaded ??= load()
  return loaded
}

/** Optional, so that an installation without a compiler still has all that needs no shared memory. */
function load(): MmapIo {
  const require = createRequire(import.meta.url)
  try {
    const module = require('mmap-io') as MmapIo | { default: MmapIo }
    return 'default' in module ? module.default : module
  } catch (error) {
    throw new RegionError(
      'ERR_CARILLON_MAPPING_UNAVAILABLE',
      'shared memory needs the package mmap-io, which is not installed or did not compile: CXXFLAGS=-std=gnu++20 npm install mmap-io@npm:@riaskov/mmap-io',
      { cause: error },
    )
  }
}
