import { InterruptedError, STOP_SIGNALS, type StopSignal } from './errors.ts'

/** Ctrl-C can arrive twice at once, from the terminal and from npm: that means it once. */
const TOGETHER_MS = 500

/**
 * Runs `work` with a signal that is aborted, for an {@link InterruptedError}, when the process is
 * asked to stop; `work` then cleans up and rejects. Asked again later, the process exits at once.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  let firstAtMs = 0
  const interrupt = (name: NodeJS.Signals) => {
    const error = new InterruptedError(name as StopSignal)
    if (!controller.signal.aborted) {
      firstAtMs = performance.now()
      controller.abort(error)
    } else if (performance.now() - firstAtMs > TOGETHER_MS) {
      process.exit(error.exitCode)
    }
  }
  for (const name of STOP_SIGNALS) process.on(name, interrupt)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of STOP_SIGNALS) process.off(name, interrupt)
  }
}
