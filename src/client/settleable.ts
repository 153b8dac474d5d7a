/** A promise and the functions that settle it. */
export interface Settleable<Result> {
  readonly promise: Promise<Result>
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * A promise that may be rejected while nobody waits for it: that is no unhandled rejection, which
 * would end the process. Whoever waits for it, then or later, still gets the error.
 */
export function settleable<Result>(): Settleable<Result> {
  let resolve: Settleable<Result>['resolve'] = () => {}
  let reject: Settleable<Result>['reject'] = () => {}
  const promise = new Promise<Result>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise: quiet(promise), resolve, reject }
}

/** The same promise; its rejection is no unhandled one, as {@link settleable} says. */
export function quiet<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
