import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/**
 * Where packages and what is made of them are kept, for all checkouts of this user.
 *
 * @param {string} [chosen] by an option; default `CARILLON_CACHE`, else `carillon` in the user's cache
 * @param {NodeJS.ProcessEnv} [environment]
 */
export function cacheFolder(chosen, environment = process.env) {
  const { CARILLON_CACHE, XDG_CACHE_HOME = '' } = environment
  const named = chosen ?? CARILLON_CACHE
  if (named) return resolve(named)
  // A relative one is to be ignored, says the XDG Base Directory Specification.
  const base = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache')
  return join(base, 'carillon')
}
