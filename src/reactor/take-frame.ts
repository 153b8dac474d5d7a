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
  const bytes = chunk.length - position
  let taken: number
  try {
    if (position === 0) taken = strategy.processData(chunk, info)
    else if (strategy.processDataAt) taken = strategy.processDataAt(chunk, position, info)
    else taken = strategy.processData(chunk.subarray(position), info)
  } catch (cause) {
    if (cause instanceof CarillonError) return cause
    return new FramingError(`the framing strategy threw: ${errorMessage(cause)}`, { cause })
  }
  if (taken === -1) {
    return info.error ?? new FramingError('the framing strategy cannot read what the peer sent')
  }
  if (!Number.isInteger(taken) || taken < 0 || taken > bytes) {
    return new FramingError(`the framing strategy took ${taken} of ${bytes} bytes`)
  }
  if (taken === 0 && (!info.complete || lastTaken === 0)) {
    return new FramingError('the framing strategy makes no progress: it took nothing')
  }
  return taken
}
