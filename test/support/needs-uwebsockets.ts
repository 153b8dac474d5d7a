import test, { type ExecutionContext } from 'ava'
import { loadUWebSockets } from '../../src/server/uwebsockets.ts'
import { importScript } from './repository.ts'

const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')

export type Declare = (
  title: string,
  implementation: (t: ExecutionContext) => void | Promise<void>,
) => void

/** uWebSockets.js is an optional dependency, and has no build for every machine. */
function loads(): boolean {
  try {
    loadUWebSockets()
    return true
  } catch {
    return false
  }
}

/** As `needsTool`, for uWebSockets.js: declares with `declare`, or skips. */
export function needsUWebSockets(declare: Declare): Declare {
  if (loads() || inCi()) return declare
  return (title, implementation) =>
    test.skip(
      `${title} (NEEDS a uWebSockets.js that loads with Node ${process.versions.node})`,
      implementation,
    )
}

/** Declares a test that needs uWebSockets.js. */
export const gatewayTest: Declare = needsUWebSockets(test)
