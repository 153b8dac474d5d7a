import { CarillonError, errorMessage } from '../errors.ts'
import { FramingError } from '../framing/errors.ts'
import type { FullMessageInfo, IFramingStrategy } from '../framing/framing-strategy.ts'

/** A framing strategy as the loop that reads wants it: one call for all of them. */
export interface StreamReader {
  processDataAt(chunk: Buffer, start: number, info: FullMessageInfo): number
}

export function readerOf(strategy: IFramingStrategy): StreamReader {
  if (strategy.processDataAt !== undefined) return strategy as StreamReader
  return {
    processDataAt: (chunk, start, info) =>
      strategy.processData(start === 0 ? chunk : chunk.subarray(start), info),
  }
}

/**
 * Looks at an answer that is not the usual one, some of the `left` bytes. It is not trusted:
 * applications write strategies too.
 *
 * @param lastTaken the answer before, for the same chunk, or -1.
 * @throws {CarillonError} why what the peer sent cannot be read. Not where nothing was taken for a
 *   message that is complete.
 */
export function checkTaken(
  taken: number,
  info: FullMessageInfo,
  left: number,
  lastTaken: number,
): void {
  if (taken === -1) {
    throw info.error ?? new FramingError('the framing strategy cannot read what the peer sent')
  }
  if (taken !== 0) {
    throw new FramingError(`the framing strategy took ${taken} of ${left} bytes`)
  }
  if (!info.complete || lastTaken === 0) {
    throw new FramingError('the framing strategy makes no progress: it took nothing')
  }
}

/** What a strategy threw, or `checkTaken`, as the error that the application hears of. */
export function framingErrorOf(cause: unknown): CarillonError {
  if (cause instanceof CarillonError) return cause
  return new FramingError(`the framing strategy threw: ${errorMessage(cause)}`, { cause })
}
