import { checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import type { MemoryRange } from './firmware-memory.ts'

const MIB = 1024 * 1024

/** Where the board's memory begins: first the image's own, then the region. */
const RAM = 0x40000000
/** Where what the firmware's page tables reach ends. */
const RAM_END = 0x80000000

/** What QEMU takes of the image's memory, at its start: a device tree. */
const DEVICE_TREE_BYTES = 2 * MIB

/** The image's own memory, in bytes: four cores, with 16 MiB each for effects, and as much to spare. */
export const VIRT_IMAGE_MEMORY_BYTES: number = 128 * MIB

/** The firmware maps the region in pages of this size. */
const REGION_STEP_BYTES = 2 * MIB

/** The largest region that the machine takes, in bytes: 896 MiB. */
export const VIRT_REGION_BYTES_MAX: number = RAM_END - RAM - VIRT_IMAGE_MEMORY_BYTES

/** QEMU rounds the whole memory up to this, and then it has to be what its nodes add up to. */
const MEMORY_STEP_BYTES = 8192

/** With one processor QEMU's atomics and fences are none towards other processes. */
const PROCESSORS_MIN = 2

export interface VirtArguments {
  /** An ELF file that is loaded as it is. */
  readonly firmware: string
  readonly cores: number
  /** The memory before the region: a multiple of 2 MiB. */
  readonly imageMemoryBytes: number
  /** A file whose first bytes are the region. */
  readonly regionPath: string
  /** Whole pages of 4 KiB. */
  readonly regionBytes: number
  /** QEMU's end of the doorbell, a connected socket. */
  readonly doorbellFd: number
  /** The exception level at which the firmware begins: 1, or 2 as on most boards. */
  readonly entryLevel: 1 | 2
}

/** Physical address of the region. */
export function virtRegionAddress(imageMemoryBytes: number): number {
  return RAM + imageMemoryBytes
}

/**
 * The memory that an image may take.
 *
 * @throws {ArgumentError} where there would be none, or the region could not follow it.
 */
export function virtImageMemory(imageMemoryBytes: number): MemoryRange {
  const end = virtRegionAddress(imageMemoryBytes)
  checkInteger('imageMemoryBytes', imageMemoryBytes, 2 * REGION_STEP_BYTES, RAM_END - RAM)
  if (imageMemoryBytes % REGION_STEP_BYTES !== 0) {
    throw new ArgumentError(
      `imageMemoryBytes is a multiple of ${REGION_STEP_BYTES}, not ${imageMemoryBytes}`,
    )
  }
  return { start: BigInt(RAM + DEVICE_TREE_BYTES), end: BigInt(end) }
}

/**
 * The arguments of `qemu-system-aarch64`. The region alone is a shared file, which a second NUMA node
 * lies in: nodes follow one another in physical memory, so it begins where the first one ends.
 *
 * @throws {ArgumentError} where the region is too large for what the image's memory leaves: of
 *   {@link VIRT_IMAGE_MEMORY_BYTES}, {@link VIRT_REGION_BYTES_MAX}.
 */
export function virtArguments(options: VirtArguments): string[] {
  const { regionPath, regionBytes, doorbellFd, cores, entryLevel, imageMemoryBytes } = options
  const regionBytesMax = RAM_END - virtRegionAddress(imageMemoryBytes)
  if (regionBytes > regionBytesMax) {
    throw new ArgumentError(
      `a virt machine takes a region of ${regionBytesMax} bytes, not ${regionBytes}`,
    )
  }
  const processors = Math.max(cores, PROCESSORS_MIN)
  const padBytes = -(imageMemoryBytes + regionBytes) & (MEMORY_STEP_BYTES - 1)
  const bytes = imageMemoryBytes + regionBytes + padBytes
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-machine', `virt,gic-version=2,virtualization=${entryLevel === 2 ? 'on' : 'off'}`],
    ...['-cpu', 'cortex-a53', '-smp', `${processors}`, '-accel', 'tcg,thread=multi'],
    ...['-m', `${bytes}B`],
    ...node(0, `cpus=0-${processors - 1},`, `memory-backend-ram,size=${imageMemoryBytes}`),
    ...node(
      1,
      '',
      `memory-backend-file,size=${regionBytes},mem-path=${escaped(regionPath)},share=on`,
    ),
    ...(padBytes > 0 ? node(2, '', `memory-backend-ram,size=${padBytes}`) : []),
    ...['-chardev', `socket,id=doorbell,fd=${doorbellFd}`, '-serial', 'chardev:doorbell'],
    ...['-kernel', options.firmware],
  ]
}

function node(index: number, with_: string, backend: string): string[] {
  return [
    ...['-object', `${backend},id=memory${index}`],
    ...['-numa', `node,nodeid=${index},${with_}memdev=memory${index}`],
  ]
}

/** In QEMU's options a comma ends a value, and two are one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
