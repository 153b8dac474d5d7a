import type { ExecutionContext } from 'ava'
import type { FullMessageInfo, IFramingStrategy } from '../../../src/framing/framing-strategy.ts'
import type { SendResult } from '../../../src/reactor/tcp-client.ts'
import type { Transport } from '../../../src/reactor/transport.ts'
import type { Scene, Setting } from '../recording-engine.ts'

/** What the suites know of the transport that they run over. */
export interface Stage {
  open(t: ExecutionContext, setting?: Setting): Promise<Scene>
  createTransport(): Transport
  /** What `sendData` answers while the kernel takes everything. */
  readonly withRoom: SendResult
}

export const MIB = 1024 * 1024
/** More than the kernel's buffers of both ends take from a sender while nobody reads. */
export const MORE_THAN_THE_KERNEL_TAKES = 8 * MIB

/** EPIPE where a FIN had come before. */
export const WRITE_AFTER_RESET = /^(ECONNRESET|EPIPE)$/

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function strategyOf(
  processData: (chunk: Buffer, info: FullMessageInfo) => number,
): IFramingStrategy {
  return { processData }
}

/** A hook that throws. */
export function oops(): never {
  throw new RangeError('oops')
}
