/**
 * Writes what is generated from the descriptions of the boards, or with `--check` exits with 1 where
 * what is committed differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { boardFiles } from './board-files.ts'
import { BOARDS_FOLDER, boardNames, readBoard } from './read-board.ts'

const isCheck = process.argv.includes('--check')

for (const name of boardNames()) {
  for (const { path, text } of boardFiles(readBoard(name))) {
    const file = join(BOARDS_FOLDER, '..', path)
    if (readOrEmpty(file) === text) continue
    if (isCheck) {
      console.error(
        `${path} does not match boards/${name}/board.json: run npm run setup and commit it`,
      )
      process.exitCode = 1
    } else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
