import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** How many of a kind are kept: another checkout, or a branch one goes back to, has its own. */
const KEPT = 4

/** After a day nobody is still at it: a build that was killed has left it. */
const UNFINISHED_MS_MAX = 24 * 60 * 60_000

/** Digits of the hash: enough that no two are alike. */
const HASH_DIGITS = 16

/** Where in a folder what is made of `ingredients` is, or is to be. */
export function madePath(folder, { name, suffix = '', ingredients }) {
  const hash = createHash('sha256').update(JSON.stringify(ingredients)).digest('hex')
  return join(folder, `${name}-${hash.slice(0, HASH_DIGITS)}${suffix}`)
}

/**
 * A file or folder that is made once of the same ingredients. It appears complete or not at all, whoever
 * else makes the same one, and whenever the making is broken off.
 *
 * @param {string} folder
 * @param {{ name: string, suffix?: string, ingredients: unknown, doing: string,
 *   make: (path: string) => void }} what `ingredients` is JSON and says all that it is made of; `make`
 *   puts it at `path`
 * @param {(line: string) => void} tell is told what is being done, where something is
 * @returns {string} its path
 */
export function keepMade(folder, what, tell) {
  const path = madePath(folder, what)
  if (existsSync(path)) {
    // For who throws away the oldest.
    utimesSync(path, new Date(), new Date())
    return path
  }
  tell(what.doing)
  mkdirSync(folder, { recursive: true })
  const unfinished = mkdtempSync(join(folder, '.unfinished-'))
  try {
    const made = join(unfinished, basename(path))
    what.make(made)
    moveTo(made, path)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  throwAwayOld(dirname(path), what)
  return path
}

/** Somebody else may have made it meanwhile: then theirs is as good. */
function moveTo(made, path) {
  try {
    renameSync(made, path)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
  }
}

function throwAwayOld(folder, { name, suffix = '' }) {
  const isOfKind = (entry) =>
    entry.startsWith(`${name}-`) &&
    entry.endsWith(suffix) &&
    entry.length === name.length + 1 + HASH_DIGITS + suffix.length
  const entries = readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry)
    const usedMs = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
    return usedMs === undefined ? [] : [{ entry, path, usedMs }]
  })
  const newestFirst = (a, b) => b.usedMs - a.usedMs
  const old = entries
    .filter(({ entry }) => isOfKind(entry))
    .sort(newestFirst)
    .slice(KEPT)
  const abandoned = entries.filter(
    ({ entry, usedMs }) =>
      entry.startsWith('.unfinished-') && Date.now() - usedMs > UNFINISHED_MS_MAX,
  )
  for (const { path } of [...old, ...abandoned]) rmSync(path, { recursive: true, force: true })
}
