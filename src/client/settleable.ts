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
  promise.catch(() => {})
  return { promise, resolve, reject }
}
