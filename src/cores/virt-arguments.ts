import { ArgumentError } from '../errors.ts'

const MIB = 1024 * 1024

/** Where the board's memory begins: first the image's own, then the region. */
const RAM = 0x40000000
const IMAGE_MEMORY_BYTES = 128 * MIB
/** The firmware maps the region between here and the end of what its page tables reach. */
const REGION = RAM + IMAGE_MEMORY_BYTES
const RAM_END = 0x80000000

/** The largest region that the machine takes, in bytes: 896 MiB. */
export const VIRT_REGION_BYTES_MAX: number = RAM_END - REGION

/** QEMU rounds the whole memory up to this, and then it has to be what its nodes add up to. */
const MEMORY_STEP_BYTES = 8192

/** With one processor QEMU's atomics and fences are none towards other processes. */
const PROCESSORS_MIN = 2

export interface VirtArguments {
  readonly firmware: string
  /** Address of the firmware's `boot_parameters`. */
  readonly bootParameters: bigint
  readonly cores: number
  /** A file whose first bytes are the region. */
  readonly regionPath: string
  /** Whole pages of 4 KiB. */
  readonly regionBytes: number
  /** QEMU's end of the doorbell, a connected socket. */
  readonly doorbellFd: number
  /** The exception level at which the firmware begins: 1, or 2 as on most boards. */
  readonly entryLevel: 1 | 2
}

/**
 * The arguments of `qemu-system-aarch64`. The region alone is a shared file, which a second NUMA node
 * lies in: nodes follow one another in physical memory, so it begins where the first one ends.
 *
 * @throws {ArgumentError} where the region is larger than {@link VIRT_REGION_BYTES_MAX}.
 */
export function virtArguments(options: VirtArguments): string[] {
  const { regionPath, regionBytes, doorbellFd, cores, entryLevel } = options
  if (regionBytes > VIRT_REGION_BYTES_MAX) {
    throw new ArgumentError(
      `a virt machine takes a region of ${VIRT_REGION_BYTES_MAX} bytes, not ${regionBytes}`,
    )
  }
  const processors = Math.max(cores, PROCESSORS_MIN)
  const padBytes = -(IMAGE_MEMORY_BYTES + regionBytes) & (MEMORY_STEP_BYTES - 1)
  const bytes = IMAGE_MEMORY_BYTES + regionBytes + padBytes
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-machine', `virt,gic-version=2,virtualization=${entryLevel === 2 ? 'on' : 'off'}`],
    ...['-cpu', 'cortex-a53', '-smp', `${processors}`, '-accel', 'tcg,thread=multi'],
    ...['-m', `${bytes}B`],
    ...node(0, `cpus=0-${processors - 1},`, `memory-backend-ram,size=${IMAGE_MEMORY_BYTES}`),
    ...node(
      1,
      '',
      `memory-backend-file,size=${regionBytes},mem-path=${escaped(regionPath)},share=on`,
    ),
    ...(padBytes > 0 ? node(2, '', `memory-backend-ram,size=${padBytes}`) : []),
    ...['-chardev', `socket,id=doorbell,fd=${doorbellFd}`, '-serial', 'chardev:doorbell'],
    ...['-kernel', options.firmware],
    ...words(options.bootParameters, [REGION, regionBytes, cores]),
  ]
}

function node(index: number, with_: string, backend: string): string[] {
  return [
    ...['-object', `${backend},id=memory${index}`],
    ...['-numa', `node,nodeid=${index},${with_}memdev=memory${index}`],
  ]
}

/** Written by QEMU into the machine's memory before it runs, little-endian. */
function words(address: bigint, values: readonly number[]): string[] {
  return values.flatMap((value, index) => [
    '-device',
    `loader,addr=0x${(address + BigInt(8 * index)).toString(16)},data=${value},data-len=8`,
  ])
}

/** In QEMU's options a comma ends a value, and two are one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
