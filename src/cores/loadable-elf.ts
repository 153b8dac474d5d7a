import type { FirmwareImage, LoadableSegment } from './firmware-image.ts'

const HEADER_BYTES = 64
const SEGMENT_BYTES = 56
const PROGRAM = 2
const VERSION = 1
const LOAD = 1
const PAGE_BYTES = 4096n

/**
 * A 64-bit ELF file of an image's segments and nothing else: what was checked, and no more, for a
 * loader that takes only files.
 */
export function loadableElf(
  { entry, machine }: FirmwareImage,
  segments: readonly LoadableSegment[],
): Uint8Array {
  const head = Buffer.alloc(HEADER_BYTES + segments.length * SEGMENT_BYTES)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, VERSION])
  head.writeUInt16LE(PROGRAM, 16)
  head.writeUInt16LE(machine, 18)
  head.writeUInt32LE(VERSION, 20)
  head.writeBigUInt64LE(entry, 24)
  head.writeBigUInt64LE(BigInt(HEADER_BYTES), 32)
  head.writeUInt16LE(HEADER_BYTES, 52)
  head.writeUInt16LE(SEGMENT_BYTES, 54)
  head.writeUInt16LE(segments.length, 56)
  let offset = head.length
  for (const [index, { physicalAddress, bytes, memoryBytes, flags }] of segments.entries()) {
    const at = HEADER_BYTES + index * SEGMENT_BYTES
    head.writeUInt32LE(LOAD, at)
    head.writeUInt32LE(flags, at + 4)
    head.writeBigUInt64LE(BigInt(offset), at + 8)
    // Every address is the physical one.
    head.writeBigUInt64LE(physicalAddress, at + 16)
    head.writeBigUInt64LE(physicalAddress, at + 24)
    head.writeBigUInt64LE(BigInt(bytes.length), at + 32)
    head.writeBigUInt64LE(memoryBytes, at + 40)
    head.writeBigUInt64LE(PAGE_BYTES, at + 48)
    offset += bytes.length
  }
  return Buffer.concat([head, ...segments.map(({ bytes }) => bytes)])
}
