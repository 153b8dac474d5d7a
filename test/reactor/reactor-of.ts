import type { ExecutionContext } from 'ava'
import { Reactor, type ReactorOptions } from '../../src/reactor/reactor.ts'

/** A reactor that is closed with the test. */
export function reactorOf(t: ExecutionContext, options?: ReactorOptions): Reactor {
  const reactor = new Reactor(options)
  t.teardown(() => reactor.close())
  return reactor
}

/** Resolves when the reactor has told all that was ready by now. */
export async function settle(reactor: Reactor): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise<void>((resolve) => {
      const timer = reactor.timer(() => {
        timer.close()
        resolve()
      })
      timer.set(1)
    })
  }
}
