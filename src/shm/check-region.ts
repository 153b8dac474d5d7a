import { formatWord } from '../format-word.ts'
import { RegionError } from './errors.ts'
import { isCapacity } from './ring-geometry.ts'
import {
  LAYOUT_HASH,
  LAYOUT_VERSION,
  LIMITS,
  REGION_MAGIC,
  RING_KIND,
  RingControl,
  SharedMem,
} from './shared-mem.ts'
import { memoryOver, type StructView, viewStruct } from './struct-view.ts'

type ReaderView = StructView<typeof SharedMem, 'reader'>
type Descriptor = ReaderView['rings'][number]

/**
 * What is wrong with a region, undefined where nothing is.
 *
 * @param path for the message.
 * @param head a copy of its {@link SharedMem}: what is checked must not change meanwhile.
 * @param bytes the memory that there is for it.
 */
export function problemOfRegion(
  path: string,
  head: Uint8Array,
  bytes: number,
): RegionError | undefined {
  const { header, rings } = viewStruct(SharedMem, memoryOver(head), 0, 'reader')
  if (header.magic !== REGION_MAGIC) {
    return new RegionError(
      'ERR_CARILLON_REGION_MAGIC',
      `${path} is not a shared region: its first word is ${formatWord(header.magic)}, not ${formatWord(REGION_MAGIC)}`,
    )
  }
  if (header.layoutVersion !== LAYOUT_VERSION) {
    return new RegionError(
      'ERR_CARILLON_REGION_VERSION',
      `${path} has layout ${header.layoutVersion}; this is layout ${LAYOUT_VERSION}`,
    )
  }
  if (header.layoutHash !== LAYOUT_HASH) {
    return new RegionError(
      'ERR_CARILLON_REGION_LAYOUT',
      `${path} has layout ${header.layoutVersion} as ${formatWord(header.layoutHash)}; this is ${formatWord(LAYOUT_HASH)}`,
    )
  }
  if (header.session === 0) {
    return new RegionError('ERR_CARILLON_REGION_SESSION', `${path} has session 0, which is none`)
  }
  if (header.regionBytes > bytes) {
    return new RegionError(
      'ERR_CARILLON_REGION_SIZE',
      `${path} has ${bytes} bytes, and its region ${header.regionBytes}`,
    )
  }
  const problem = problemOfRings(header, rings)
  return problem === undefined
    ? undefined
    : new RegionError(
        'ERR_CARILLON_REGION_RINGS',
        `${path} describes rings that cannot be: ${problem}`,
      )
}

function problemOfRings(header: ReaderView['header'], rings: readonly Descriptor[]) {
  const { coreCount, ringCount, regionBytes } = header
  if (coreCount < 1 || coreCount > LIMITS.CORES_MAX) return `${coreCount} cores`
  if (ringCount !== 2 * coreCount) return `${ringCount} rings for ${coreCount} cores`
  const used = rings.slice(0, ringCount)
  const wrong = used.findIndex((ring) => !liesIn(ring, coreCount, regionBytes))
  if (wrong !== -1) return `ring ${wrong} does not lie in the region`
  // A core looks through all descriptors for its own.
  if (rings.slice(ringCount).some(({ kind }) => kind !== RING_KIND.UNUSED)) {
    return `more than the ${ringCount} that there are`
  }
  const owners = new Set(used.map(({ kind, core }) => `${kind} ${core}`))
  if (owners.size !== ringCount) return 'two for one direction of a core'
  return doOverlap(used) ? 'two of them overlap' : undefined
}

function liesIn({ kind, core, offset, capacity }: Descriptor, cores: number, bytes: number) {
  return (
    (kind === RING_KIND.TO_CORE || kind === RING_KIND.FROM_CORE) &&
    core < cores &&
    offset >= SharedMem.bytes &&
    offset % RingControl.align === 0 &&
    isCapacity(capacity) &&
    offset + RingControl.bytes + capacity <= bytes
  )
}

function doOverlap(rings: readonly Descriptor[]): boolean {
  const inOrder = [...rings].sort((a, b) => a.offset - b.offset)
  return inOrder.some((ring, index) => {
    const next = inOrder[index + 1]
    return next !== undefined && ring.offset + RingControl.bytes + ring.capacity > next.offset
  })
}
