import { checkInteger } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { escaped, type MachineOptions, type QemuBoard } from './qemu-board.ts'

const MIB = 1024 * 1024

/** Where the board's memory begins: first the image's own, then the region. */
const RAM = 0x40000000
/** Where what the firmware's page tables reach ends. */
const RAM_END = 0x80000000

/** What QEMU takes of the image's memory, at its start: a device tree. */
const DEVICE_TREE_BYTES = 2 * MIB

/** The image's own memory, in bytes: four cores, with 16 MiB each for effects, and as much to spare. */
const IMAGE_MEMORY_BYTES = 128 * MIB

/** The firmware maps the region in pages of this size. */
const REGION_STEP_BYTES = 2 * MIB

/** QEMU rounds the whole memory up to this, and then it has to be what its nodes add up to. */
const MEMORY_STEP_BYTES = 8192

/** With one processor QEMU's atomics and fences are none towards other processes. */
const PROCESSORS_MIN = 2

/**
 * QEMU's own board `virt`. The region alone is a shared file, which a second NUMA node lies in: nodes
 * follow one another in physical memory, so it begins where the first one ends.
 *
 * @param imageMemoryBytes the memory for the image, in bytes: a multiple of 2 MiB, from 4 MiB to less
 *   than 1 GiB. The region follows it. Default 128 MiB.
 * @throws {ArgumentError} where it is none of these.
 */
export function virtBoard(imageMemoryBytes: number = IMAGE_MEMORY_BYTES): QemuBoard {
  const imageMemoryMax = RAM_END - RAM - REGION_STEP_BYTES
  checkInteger('imageMemoryBytes', imageMemoryBytes, 2 * REGION_STEP_BYTES, imageMemoryMax)
  if (imageMemoryBytes % REGION_STEP_BYTES !== 0) {
    throw new ArgumentError(
      `imageMemoryBytes is a multiple of ${REGION_STEP_BYTES}, not ${imageMemoryBytes}`,
    )
  }
  const region = RAM + imageMemoryBytes
  return {
    kind: 'virt',
    machine: 'virt',
    entryLevels: [1, 2],
    image: { start: BigInt(RAM + DEVICE_TREE_BYTES), end: BigInt(region) },
    takesFlatImage: false,
    place: { offset: 0 },
    regionBytesMax: RAM_END - region,
    regionAddress: region,
    machineArguments: (options) => machineArguments(imageMemoryBytes, options),
  }
}

/** With 128 MiB for the image, and 896 MiB for the region at most. */
export const VIRT_BOARD: QemuBoard = virtBoard()

function machineArguments(
  imageMemoryBytes: number,
  { cores, path, regionBytes, entryLevel }: MachineOptions,
): string[] {
  const processors = Math.max(cores, PROCESSORS_MIN)
  const padBytes = -(imageMemoryBytes + regionBytes) & (MEMORY_STEP_BYTES - 1)
  const bytes = imageMemoryBytes + regionBytes + padBytes
  const file = `memory-backend-file,size=${regionBytes},mem-path=${escaped(path)},share=on`
  return [
    ...['-machine', `virt,gic-version=2,virtualization=${entryLevel === 2 ? 'on' : 'off'}`],
    ...['-cpu', 'cortex-a53', '-smp', `${processors}`, '-m', `${bytes}B`],
    ...node(0, `cpus=0-${processors - 1},`, `memory-backend-ram,size=${imageMemoryBytes}`),
    ...node(1, '', file),
    ...(padBytes > 0 ? node(2, '', `memory-backend-ram,size=${padBytes}`) : []),
  ]
}

function node(index: number, with_: string, backend: string): string[] {
  return [
    ...['-object', `${backend},id=memory${index}`],
    ...['-numa', `node,nodeid=${index},${with_}memdev=memory${index}`],
  ]
}
