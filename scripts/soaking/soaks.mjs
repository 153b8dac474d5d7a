import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { SetupError } from '../setup/setup-error.mjs'

const DEFAULT_MINUTES = 5
/** A week. */
const MAX_MINUTES = 7 * 24 * 60

/**
 * What is written after `npm run soak --`.
 *
 * @throws {SetupError}
 */
export function readArguments(words) {
  const { values, positionals } = parse(words)
  const [name, ...others] = positionals
  if (others.length > 0)
    throw new SetupError(`One soak at a time, not ${positionals.join(' and ')}`)
  const minutes = values.minutes === undefined ? DEFAULT_MINUTES : Number(values.minutes)
  if (!(minutes > 0 && minutes <= MAX_MINUTES)) {
    throw new SetupError(
      `--minutes takes a number above 0, at most ${MAX_MINUTES}, not "${values.minutes}"`,
    )
  }
  return { name, minutes }
}

function parse(words) {
  try {
    return parseArgs({
      args: words,
      options: { minutes: { type: 'string' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new SetupError(`npm run soak -- [NAME] [--minutes N]: ${error.message}`)
  }
}

/**
 * The soaks by their names: the modules of test/soak/ that are no tests, compiled.
 *
 * @returns {Promise<Map<string, { summary: string, soak: (run: object) => Promise<void> }>>}
 */
export async function findSoaks(root) {
  const names = readdirSync(join(root, 'test/soak'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
  const load = (name) => import(pathToFileURL(join(root, 'dist/test/soak', `${name}.js`)).href)
  return new Map(await Promise.all(names.map(async (name) => [name, await load(name)])))
}
