import { existsSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'

/**
 * What a person writes after `npm test --`, as AVA's arguments: a source file or folder becomes its
 * compiled one, any other word a part of a test's title. From the first option on, all is AVA's.
 */
export function avaArguments(root, words) {
  const firstOption = words.findIndex((word) => word.startsWith('-'))
  const end = firstOption === -1 ? words.length : firstOption
  const filters = words
    .slice(0, end)
    .map((word) =>
      isPath(root, word) ? compiledPath(root, word) : `--match=${titlePattern(word)}`,
    )
  return [...filters, ...words.slice(end)]
}

function isPath(root, word) {
  return word.endsWith('.ts') || word.endsWith('.js') || existsSync(join(root, word))
}

function compiledPath(root, word) {
  const path = isAbsolute(word) ? relative(root, word) : join(word)
  const compiled = path.replace(/\.ts$/, '.js')
  return compiled.startsWith('dist/') ? compiled : join('dist', compiled)
}

const titlePattern = (word) => (word.includes('*') ? word : `*${word}*`)
