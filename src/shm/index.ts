export { BLOCK_TIMEOUT_MS_MAX, type BlockOptions } from './block-until.ts'
export { ByteQueue } from './byte-queue.ts'
export { type CoreRings, coreRings } from './core-rings.ts'
export { QueueError, type QueueErrorCode, RegionError, RingError } from './errors.ts'
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
export { MsgQueue, type MsgQueueOptions, type MsgQueueStats } from './msg-queue.ts'
export { type CreateRegionOptions, DEFAULT_RING_CAPACITY_BYTES } from './region-format.ts'
export type { PlaceOptions } from './region-place.ts'
export {
  DEFAULT_MESSAGE_BYTES_MAX,
  type RingMessage,
  RingMessageReader,
  type RingMessageReaderOptions,
  type RingMessageStats,
} from './ring-message-reader.ts'
export { RingMessageWriter } from './ring-message-writer.ts'
export { LIMITS, SharedMem } from './shared-mem.ts'
export { type AttachHostOptions, SharedRegion } from './shared-region.ts'
export { type RingConsumerStats, type RingRecord, SpscRingConsumer } from './spsc-ring-consumer.ts'
export {
  type RingProducerOptions,
  type RingProducerStats,
  SpscRingProducer,
} from './spsc-ring-producer.ts'
export { type Memory, memoryOver, type StructView, viewStruct } from './struct-view.ts'
