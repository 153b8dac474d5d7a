import { InterruptedError } from './errors.ts'
import { onStopSignal } from './on-stop-signal.ts'

/**
 * Runs `work` with a signal that is aborted, for an {@link InterruptedError}, when the process is
 * asked to stop; `work` then cleans up and rejects.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const ignoreSignals = onStopSignal((name) => controller.abort(new InterruptedError(name)))
  try {
    return await work(controller.signal)
  } finally {
    ignoreSignals()
  }
}
