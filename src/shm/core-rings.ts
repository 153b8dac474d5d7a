import { ArgumentError } from '../errors.ts'
import { RING_KIND } from './shared-mem.ts'
import type { SharedRegion } from './shared-region.ts'
import { SpscRingConsumer } from './spsc-ring-consumer.ts'
import { SpscRingProducer } from './spsc-ring-producer.ts'

/** Both ends that the host has of a core's rings. */
export interface CoreRings {
  readonly toCore: SpscRingProducer
  readonly fromCore: SpscRingConsumer
}

/**
 * The host's ends of a core's rings. One owner at a time may use them. They stand at the start of
 * their rings: where those have been used before, both sides `reset` their ends first.
 *
 * @throws {ArgumentError} where the region has no such core.
 */
export function coreRings(region: SharedRegion<'host'>, core: number): CoreRings {
  const find = (kind: number) => {
    const found = region.shared.rings.find((ring) => ring.kind === kind && ring.core === core)
    if (found === undefined) throw new ArgumentError(`the region has no rings for core ${core}`)
    return found
  }
  const toCore = find(RING_KIND.TO_CORE)
  const fromCore = find(RING_KIND.FROM_CORE)
  return {
    toCore: new SpscRingProducer(region.memory, toCore.offset, toCore.capacity),
    fromCore: new SpscRingConsumer(region.memory, fromCore.offset, fromCore.capacity),
  }
}
