import { Mapping } from '../../src/shm/mapping.ts'
import { SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { type Memory, memoryOver } from '../../src/shm/struct-view.ts'

/** As RING_DATA_BYTES and RING_STRIDE_BYTES in side.h. */
export const RING_DATA_BYTES = 256 * 1024
const RING_STRIDE_BYTES = RING_DATA_BYTES + 4096

/** Of the memory that both sides share: two rings. */
export const PAIR_BYTES = 2 * RING_STRIDE_BYTES

/** The ends of the two rings that one side has. */
export interface RingEnds {
  readonly memory: Memory
  readonly out: SpscRingProducer
  readonly in: SpscRingConsumer
}

/** @param outRing the ring that this side writes to: 0 for who sends or answers, else 1. */
export function bindRings(fd: number, outRing: 0 | 1): RingEnds {
  const memory = memoryOver(mapMemory(fd))
  const place = (ring: number) => ring * RING_STRIDE_BYTES
  return {
    memory,
    out: new SpscRingProducer(memory, place(outRing), RING_DATA_BYTES),
    in: new SpscRingConsumer(memory, place(1 - outRing), RING_DATA_BYTES),
  }
}

function mapMemory(fd: number): Uint8Array {
  return new Mapping({ fd, offset: 0, bytes: PAIR_BYTES, writable: true }).bytes
}
