import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { REGION_OFFSETS } from '../cores/region-offset.ts'
import { errorCode } from '../errors.ts'
import { REGION_MAGIC, SharedMem } from '../shm/shared-mem.ts'

/**
 * How long a file must stay as it is, in milliseconds: five beats of its host. So a server in another
 * container, whose number says nothing here, keeps its file.
 */
const STILL_MS = 500

/** Files that one start removes; a server leaves one when it is killed together with its cores. */
const LOOKED_AT_MAX = 64

/** `carillon-PID-…`, as `createRegionFile` names it. */
const NAME = /^carillon-([1-9]\d{0,9})-[0-9a-f]{8}$/

/** What no process may have as its number: `kill` would take it for something else. */
const PID_MAX = 0x7fff_ffff

/**
 * Removes the shared files of servers of this user that were killed together with their cores, which
 * else remove it. Such a file is named for a process that is not there, and nothing in it beats.
 * Takes half a second where one may be there, else nothing. What cannot be looked at stays.
 */
export async function removeOrphanedRegions(
  folders: readonly string[],
  logger: Logger,
): Promise<void> {
  const before = new Map<string, Buffer>()
  for (const path of folders.flatMap(abandonedFiles)) {
    // Others may have left any number of files of such names.
    const head = readHead(path)
    if (head !== undefined) before.set(path, head)
    if (before.size === LOOKED_AT_MAX) break
  }
  if (before.size === 0) return
  await setTimeout(STILL_MS)
  for (const [path, head] of before) {
    if (readHead(path)?.equals(head) !== true) continue
    try {
      rmSync(path)
      logger.info({ region: path }, 'removed the shared file of a server that was killed')
    } catch (error) {
      logger.warn({ region: path, code: errorCode(error) }, 'a shared file could not be removed')
    }
  }
}

/** The files in a folder that are named for a process that is not there. */
function abandonedFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => isGone(Number(NAME.exec(name)?.[1])))
    return names.map((name) => join(folder, name))
  } catch {
    return []
  }
}

function isGone(pid: number): boolean {
  if (!(pid <= PID_MAX)) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return errorCode(error) === 'ESRCH'
  }
}

function headAt(fd: number, offset: number): Buffer {
  const head = Buffer.alloc(SharedMem.bytes)
  return head.subarray(0, readSync(fd, head, 0, head.length, offset))
}

/** The part of a region in which its host and its cores beat; undefined where it is none of this user's. */
function readHead(path: string): Buffer | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.uid !== process.getuid?.()) return undefined
    // Empty where it was cut short, which is what its server died of.
    if (stats.size === 0) return Buffer.alloc(0)
    const opened = fd
    return REGION_OFFSETS.map((offset) => headAt(opened, offset)).find(
      (head) => head.length >= 4 && head.readUInt32LE() === REGION_MAGIC,
    )
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
