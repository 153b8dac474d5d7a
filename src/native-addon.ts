import { createRequire } from 'node:module'
import { join } from 'node:path'
import { errorMessage } from './errors.ts'
import { PACKAGE_ROOT } from './package-root.ts'

/** Why there is no addon here. */
export interface MissingAddon {
  readonly reason: string
}

let loaded: object | undefined

/**
 * The native addon, or why there is none. Each floor that uses it says what it uses of it.
 *
 * `CARILLON_ADDON` in the environment is the absolute path of another one than the one that was
 * built here.
 */
export function loadAddon<Addon extends object>(): Addon | MissingAddon {
  loaded ??= load()
  return loaded as Addon | MissingAddon
}

function load(): object {
  if (process.platform !== 'linux')
    return { reason: `epoll is Linux's, this is ${process.platform}` }
  const require = createRequire(import.meta.url)
  const { CARILLON_ADDON = join(PACKAGE_ROOT, 'native/build/Release/carillon.node') } = process.env
  try {
    return require(CARILLON_ADDON) as object
  } catch (error) {
    const [firstLine] = errorMessage(error).split('\n')
    return { reason: `the native addon is not there or does not load: ${firstLine}` }
  }
}
