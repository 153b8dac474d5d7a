import { errorMessage } from '../../src/errors.ts'
import type { SoakRun } from './soak.ts'

/** What a stage does. The signal says that its time is over. */
export type StageWork<Result> = (
  report: (text: string) => void,
  signal: AbortSignal,
) => Promise<Result>

/**
 * One stage of a soak: tells when it begins, and in a line what it did with its time, which is what it
 * reported last.
 *
 * @param limitMs so long it may take. What blocks the thread is not interrupted.
 * @returns what `does` resolves with.
 * @throws what is wrong, with the stage's name, how far it was and, as `cause`, the error itself; or that
 *   its time is over. What it began may go on then, until the soak's teardowns end it.
 */
export async function stage<Result>(
  run: Pick<SoakRun, 'tell' | 'progress'>,
  name: string,
  limitMs: number,
  does: StageWork<Result>,
): Promise<Result> {
  run.tell(`${name}: begins, and has ${seconds(limitMs)}`)
  const startMs = performance.now()
  const over = new AbortController()
  let last = 'nothing'
  const report = (text: string) => {
    last = text
    if (!over.signal.aborted) run.progress(`${name}: ${text}`)
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('its time is over')), limitMs)
  })
  try {
    const result = await Promise.race([does(report, over.signal), late])
    run.tell(`${name}: ${last}, in ${seconds(performance.now() - startMs)}`)
    return result
  } catch (cause) {
    const after = seconds(performance.now() - startMs)
    const what = `${name}, after ${after} of at most ${seconds(limitMs)}: ${errorMessage(cause)}; it reported last: ${last}`
    throw new Error(what, { cause })
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
