import { InterruptedError, STOP_SIGNALS, type StopSignal } from './errors.ts'

/**
 * Runs `work` with a signal that is aborted, for an {@link InterruptedError}, when the process is
 * asked to stop; `work` then cleans up and rejects. Asked a second time, the process exits at once.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const interrupt = (name: NodeJS.Signals) => {
    const error = new InterruptedError(name as StopSignal)
    if (controller.signal.aborted) process.exit(error.exitCode)
    controller.abort(error)
  }
  for (const name of STOP_SIGNALS) process.on(name, interrupt)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of STOP_SIGNALS) process.off(name, interrupt)
  }
}
