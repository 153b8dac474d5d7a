import type { LoadableSegment } from './firmware-image.ts'

/**
 * What is loaded, as the bytes of the memory from an address on, with zeros between: for a loader that
 * knows no ELF files.
 *
 * @param start where the first byte goes. No segment lies below it, and none far beyond: the caller
 *   has checked that.
 */
export function flatImage(
  start: bigint,
  segments: readonly Pick<LoadableSegment, 'physicalAddress' | 'bytes'>[],
): Uint8Array {
  const placed = segments.map(({ physicalAddress, bytes }) => ({
    ...{ at: Number(physicalAddress - start), bytes },
  }))
  const image = new Uint8Array(Math.max(0, ...placed.map(({ at, bytes }) => at + bytes.length)))
  for (const { at, bytes } of placed) image.set(bytes, at)
  return image
}
