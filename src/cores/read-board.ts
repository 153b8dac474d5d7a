import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode, errorMessage } from '../errors.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import { systemReason } from '../system-reason.ts'
import { type BoardDescription, boardDescription } from './board-description.ts'
import { BOARD_LIMITS } from './board-limits.ts'
import { BoardError } from './errors.ts'

/** Each board has a folder here. */
export const BOARDS_FOLDER: string = join(PACKAGE_ROOT, 'boards')

const DESCRIPTION = 'board.json'

/** As folders and ports are called. */
const NAME = new RegExp(`^[a-z0-9][a-z0-9-]{0,${BOARD_LIMITS.NAME_BYTES_MAX - 1}}$`)

/**
 * Reads and checks the description of a board.
 *
 * @param name `qemu-virt`.
 * @param folder what has the boards' folders.
 * @throws {BoardError} `ERR_CARILLON_BOARD_UNKNOWN`, `_READ`, `_JSON`, `_FIELD`, `_RANGE`, `_OVERLAP`.
 */
export function readBoard(name: string, folder: string = BOARDS_FOLDER): BoardDescription {
  if (!NAME.test(name)) throw unknown(name, folder)
  const path = join(folder, name, DESCRIPTION)
  return boardDescription(name, parse(path, textAt(name, path, folder)))
}

/** The boards that there are, by their names. */
export function boardNames(folder: string = BOARDS_FOLDER): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => NAME.test(name) && isFile(join(folder, name, DESCRIPTION)))
      .sort()
  } catch {
    return []
  }
}

function textAt(name: string, path: string, folder: string): string {
  try {
    const { size } = statSync(path)
    if (size > BOARD_LIMITS.FILE_BYTES_MAX) {
      throw new Error(`it has ${size} bytes, more than ${BOARD_LIMITS.FILE_BYTES_MAX}`)
    }
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') throw unknown(name, folder, cause)
    throw new BoardError('ERR_CARILLON_BOARD_READ', `cannot read ${path}: ${systemReason(cause)}`, {
      cause,
    })
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BoardError('ERR_CARILLON_BOARD_JSON', `${path} is no JSON: ${errorMessage(cause)}`, {
      cause,
    })
  }
}

function unknown(name: string, folder: string, cause?: unknown): BoardError {
  return new BoardError(
    'ERR_CARILLON_BOARD_UNKNOWN',
    `there is no board ${name}; there are ${boardNames(folder).join(', ') || 'none'}`,
    { cause },
  )
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
