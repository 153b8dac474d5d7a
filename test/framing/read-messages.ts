import fc from 'fast-check'
import type { CarillonError } from '../../src/errors.ts'
import { FullMessageInfo, type IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import { ViewCache } from '../../src/framing/view-cache.ts'

/** In front of a chunk that is read at an offset. */
const MARGIN_BYTES = 7

export interface Reading {
  readonly messages: Buffer[]
  /** Why the strategy aborted, where it did. */
  readonly error: CarillonError | undefined
}

export interface ReadingOptions {
  readonly borrowed?: boolean
  /** Reads in the middle of a larger piece of memory, with one info and a cache of views. */
  readonly atOffset?: boolean
  /** Sees the info after each call of the strategy. */
  readonly onInfo?: (info: FullMessageInfo) => void
}

/** Gives a strategy a stream in chunks, as an engine does, and checks that it keeps its contract. */
export function readMessages(
  strategy: IFramingStrategy,
  chunks: readonly Uint8Array[],
  { borrowed = false, atOffset = false, onInfo }: ReadingOptions = {},
): Reading {
  const messages: Buffer[] = []
  const views = new ViewCache()
  let info = new FullMessageInfo(borrowed, atOffset ? views : undefined)
  // Overwritten below, as an arena is.
  const arena = Buffer.alloc(MARGIN_BYTES + Math.max(0, ...chunks.map(({ length }) => length)))
  for (const bytes of chunks) {
    const first = atOffset ? MARGIN_BYTES : 0
    const chunk = arena.subarray(0, first + bytes.length)
    chunk.set(bytes, first)
    let position = first
    let lastTaken = -1
    while (position < chunk.length) {
      const taken =
        atOffset && strategy.processDataAt !== undefined
          ? strategy.processDataAt(chunk, position, info)
          : strategy.processData(chunk.subarray(position), info)
      onInfo?.(info)
      if (taken === -1) return { messages, error: info.error }
      if (!Number.isInteger(taken) || taken < 0 || taken > chunk.length - position) {
        throw new Error(`took ${taken} of ${chunk.length - position} bytes`)
      }
      if (taken === 0 && (!info.complete || lastTaken === 0)) throw new Error('no progress')
      lastTaken = taken
      position += taken
      if (info.complete) {
        messages.push(borrowed ? Buffer.from(info.buffer) : info.buffer)
        if (atOffset) info.reset()
        else info = new FullMessageInfo(borrowed)
      }
    }
    arena.fill(0xdb)
  }
  return { messages, error: undefined }
}

/** `stream`, cut at these places, wherever they are; the same place twice is one cut. */
export function cutAt(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (stream.length + 1)))]
  ends.push(0, stream.length)
  ends.sort((a, b) => a - b)
  return ends
    .map((end, index) => stream.subarray(ends[index - 1] ?? 0, end))
    .filter((chunk) => chunk.length > 0)
}

export function encodeAll(strategy: IFramingStrategy, messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => strategy.encode?.(message) ?? []))
}

/** Messages of up to `longest` bytes. */
export const someMessages = (longest: number) =>
  fc.array(
    fc.uint8Array({ maxLength: longest, size: 'max' }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 12 },
  )

export const someCuts = fc.array(fc.nat(), { maxLength: 24 })
