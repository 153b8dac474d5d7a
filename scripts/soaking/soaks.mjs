import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { SetupError } from '../setup/setup-error.mjs'

/** As many as the sequences of a soak can tell apart. */
const MAX_MESSAGES = 1_000_000_000
const DEFAULT_MINUTES = 5
/** A week. */
const MAX_MINUTES = 7 * 24 * 60

/**
 * What is written after `npm run soak --`.
 *
 * @returns {{ name?: string, minutes: number, messages?: number, board?: string }} `messages` only where it
 *   was said: each soak has its own default
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
  const messages = values.messages === undefined ? undefined : Number(values.messages)
  if (messages !== undefined && !isCount(messages)) {
    throw new SetupError(
      `--messages takes a whole number above 0, at most ${MAX_MESSAGES}, not "${values.messages}"`,
    )
  }
  return { name, minutes, messages, ...(values.board !== undefined && { board: values.board }) }
}

const isCount = (value) => Number.isInteger(value) && value > 0 && value <= MAX_MESSAGES

function parse(words) {
  try {
    return parseArgs({
      args: words,
      options: {
        minutes: { type: 'string' },
        messages: { type: 'string' },
        board: { type: 'string' },
      },
      allowPositionals: true,
    })
  } catch (error) {
    throw new SetupError(
      `npm run soak -- [NAME] [--minutes N] [--messages N] [--board NAME]: ${error.message}`,
    )
  }
}

/**
 * The soaks by their names: the modules of test/soak/ that are no tests, compiled.
 *
 * @returns {Promise<Map<string, { summary: string, usualMessages?: number, soak: (run: object) => Promise<void> }>>}
 */
export async function findSoaks(root) {
  const names = readdirSync(join(root, 'test/soak'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
  const load = (name) => import(pathToFileURL(join(root, 'dist/test/soak', `${name}.js`)).href)
  return new Map(await Promise.all(names.map(async (name) => [name, await load(name)])))
}
