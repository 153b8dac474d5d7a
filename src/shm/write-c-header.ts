/**
 * Writes the generated C header, or with `--check` exits with 1 where the committed one differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cHeader } from './c-header.ts'

const HEADER = 'firmware/include/carillon/shared_mem.h'

const root = join(import.meta.dirname, '../../..')
const path = join(root, HEADER)
const wanted = cHeader()
const found = readOrEmpty(path)

if (process.argv.includes('--check')) {
  if (found !== wanted) {
    console.error(`${HEADER} does not match src/shm/shared-mem.ts: run npm run setup and commit it`)
    process.exitCode = 1
  }
} else if (found !== wanted) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, wanted)
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
