import { CarillonError, errorMessage } from '../errors.ts'
import { FramingError } from '../framing/errors.ts'
import type { FullMessageInfo, IFramingStrategy } from '../framing/framing-strategy.ts'

/**
 * Lets a strategy take bytes of `chunk` from `position` on. Its answer is not trusted: applications
 * write strategies too.
 *
 * @param lastTaken the answer before, for the same chunk, or -1.
 * @returns the bytes taken, or why what the peer sent cannot be read.
 */
export function takeFrame(
  strategy: IFramingStrategy,
  info: FullMessageInfo,
  chunk: Buffer,
  position: number,
  lastTaken: number,
): number | CarillonError {
  let taken: number
  try {
    taken =
      strategy.processDataAt === undefined
        ? strategy.processData(position === 0 ? chunk : chunk.subarray(position), info)
        : strategy.processDataAt(chunk, position, info)
  } catch (cause) {
    return thrown(cause)
  }
  // The rest apart: what is called for every message is small enough to be compiled as one.
  if (taken > 0 && taken <= chunk.length - position && (taken | 0) === taken) return taken
  return unusual(taken, info, chunk.length - position, lastTaken)
}

function thrown(cause: unknown): CarillonError {
  if (cause instanceof CarillonError) return cause
  return new FramingError(`the framing strategy threw: ${errorMessage(cause)}`, { cause })
}

function unusual(
  taken: number,
  info: FullMessageInfo,
  bytes: number,
  lastTaken: number,
): number | CarillonError {
  if (taken === -1) {
    return info.error ?? new FramingError('the framing strategy cannot read what the peer sent')
  }
  if (taken !== 0) {
    return new FramingError(`the framing strategy took ${taken} of ${bytes} bytes`)
  }
  if (!info.complete || lastTaken === 0) {
    return new FramingError('the framing strategy makes no progress: it took nothing')
  }
  return 0
}
