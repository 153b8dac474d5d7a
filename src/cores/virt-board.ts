import { escaped, type MachineOptions, type QemuBoard } from './qemu-board.ts'

const MIB = 1024 * 1024

/** Where the board's memory begins: first the image's own, then the region. */
const RAM = 0x40000000
const IMAGE_MEMORY_BYTES = 128 * MIB
/** The firmware maps the region between here and the end of what its page tables reach. */
const REGION = RAM + IMAGE_MEMORY_BYTES
const RAM_END = 0x80000000

/** QEMU rounds the whole memory up to this, and then it has to be what its nodes add up to. */
const MEMORY_STEP_BYTES = 8192

/** With one processor QEMU's atomics and fences are none towards other processes. */
const PROCESSORS_MIN = 2

/**
 * QEMU's own board `virt`. The region alone is a shared file, which a second NUMA node lies in: nodes
 * follow one another in physical memory, so it begins where the first one ends.
 */
export const VIRT_BOARD: QemuBoard = {
  kind: 'virt',
  entryLevels: [1, 2],
  image: { start: BigInt(RAM), end: BigInt(REGION) },
  takesFlatImage: false,
  place: { offset: 0 },
  regionBytesMax: RAM_END - REGION,
  regionAddress: REGION,
  machineArguments({ cores, path, regionBytes, entryLevel }: MachineOptions): string[] {
    const processors = Math.max(cores, PROCESSORS_MIN)
    const padBytes = -(IMAGE_MEMORY_BYTES + regionBytes) & (MEMORY_STEP_BYTES - 1)
    const bytes = IMAGE_MEMORY_BYTES + regionBytes + padBytes
    const file = `memory-backend-file,size=${regionBytes},mem-path=${escaped(path)},share=on`
    return [
      ...['-machine', `virt,gic-version=2,virtualization=${entryLevel === 2 ? 'on' : 'off'}`],
      ...['-cpu', 'cortex-a53', '-smp', `${processors}`, '-m', `${bytes}B`],
      ...node(0, `cpus=0-${processors - 1},`, `memory-backend-ram,size=${IMAGE_MEMORY_BYTES}`),
      ...node(1, '', file),
      ...(padBytes > 0 ? node(2, '', `memory-backend-ram,size=${padBytes}`) : []),
    ]
  },
}

function node(index: number, with_: string, backend: string): string[] {
  return [
    ...['-object', `${backend},id=memory${index}`],
    ...['-numa', `node,nodeid=${index},${with_}memdev=memory${index}`],
  ]
}
