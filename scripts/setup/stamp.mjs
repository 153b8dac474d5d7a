import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { filesUnder } from './files-under.mjs'

/** A hash of the names and contents of all files under `paths`; an absent path counts as no file. */
export function fingerprint(root, paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((path) => filesUnder(root, path))) {
    const content = readFileSync(join(root, file))
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/**
 * Remembers in a file what a step was made from and what came out. Fresh means that neither has
 * changed since: an output that is edited or deleted makes its step stale like an edited input.
 */
export class Stamp {
  #file

  constructor(file) {
    this.#file = file
  }

  matches(inputs, outputs) {
    return read(this.#file) === text(inputs, outputs)
  }

  write(inputs, outputs) {
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, text(inputs, outputs))
  }
}

const text = (inputs, outputs) => `from ${inputs}\nto ${outputs}\n`

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
