import { InterruptedError, STOP_SIGNALS, type StopSignal } from './errors.ts'

/** Ctrl-C can arrive twice at once, from the terminal and from npm: that means it once. */
const TOGETHER_MS = 500

/**
 * Calls `stop` when the process is asked to stop. Asked again later, it exits at once, with the code
 * that a shell gives to an interrupted command.
 *
 * @returns ends the listening: from then on a signal does what it does by itself.
 */
export function onStopSignal(stop: (signal: StopSignal) => void): () => void {
  let firstAtMs: number | undefined
  const onSignal = (name: NodeJS.Signals) => {
    // Only these are listened to.
    const signal = name as StopSignal
    if (firstAtMs === undefined) {
      firstAtMs = performance.now()
      stop(signal)
    } else if (performance.now() - firstAtMs > TOGETHER_MS) {
      process.exit(new InterruptedError(signal).exitCode)
    }
  }
  for (const name of STOP_SIGNALS) process.on(name, onSignal)
  return () => {
    for (const name of STOP_SIGNALS) process.off(name, onSignal)
  }
}
