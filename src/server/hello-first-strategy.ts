import type { FullMessageInfo, IFramingStrategy } from '../framing/framing-strategy.ts'
import { VarintPrefixedStrategy } from '../framing/varint-prefixed-strategy.ts'
import { HELLO_BYTES_MAX, SERVICE_LIMITS } from './limits.ts'

/** Size-delimited messages: the first one short, as Hello is, the others of any size that is allowed. */
export class HelloFirstStrategy implements IFramingStrategy {
  readonly #first = new VarintPrefixedStrategy({ maxMessageBytes: HELLO_BYTES_MAX })
  readonly #others = new VarintPrefixedStrategy({ maxMessageBytes: SERVICE_LIMITS.maxMessageBytes })
  #current = this.#first
  /** As those two do. */
  readonly leavesUnfinished = true

  processData(chunk: Buffer, info: FullMessageInfo): number {
    return this.processDataAt(chunk, 0, info)
  }

  processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number {
    const taken = this.#current.processDataAt(chunk, start, info)
    if (info.complete) this.#current = this.#others
    return taken
  }

  encode(message: Uint8Array): Uint8Array[] {
    return this.#others.encode(message)
  }
}
