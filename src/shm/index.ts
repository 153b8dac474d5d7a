export { RegionError, RingError } from './errors.ts'
export {
  array,
  CACHE_LINE_BYTES,
  f32,
  f64,
  type LayoutRow,
  layoutHash,
  layoutTable,
  type Side,
  type StructType,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  type Writer,
  writtenBy,
} from './layout.ts'
export { createMpscRing, formatMpscRing, type MpscRing, mpscRingBytes } from './mpsc-ring.ts'
export { type MpscReader, MpscRingConsumer, type MpscRingStats } from './mpsc-ring-consumer.ts'
export { MpscRingProducer } from './mpsc-ring-producer.ts'
export type { PlaceOptions } from './region-place.ts'
export { LIMITS, SharedMem } from './shared-mem.ts'
export {
  type AttachHostOptions,
  type CoreRings,
  type CreateRegionOptions,
  coreRings,
  DEFAULT_RING_CAPACITY_BYTES,
  SharedRegion,
} from './shared-region.ts'
export { type RingRecord, SpscRingConsumer } from './spsc-ring-consumer.ts'
export { SpscRingProducer } from './spsc-ring-producer.ts'
export { type Memory, memoryOver, type StructView, viewStruct } from './struct-view.ts'
