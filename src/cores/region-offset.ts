import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs'
import { REGION_MAGIC } from '../shm/shared-mem.ts'
import { QEMU_BOARDS } from './qemu-boards.ts'

/** Where in a file a region may begin: at its start, or where a board has it in its memory. */
export const REGION_OFFSETS: readonly number[] = [
  ...new Set([0, ...Object.values(QEMU_BOARDS).map(({ place }) => place.offset)]),
]

/**
 * Where the region of a server begins in its file, in bytes: 0 where none is found, and in what is no
 * regular file. Whether it is a sound one is for `SharedRegion.attach` to say.
 */
export function regionOffset(path: string): number {
  let fd: number | undefined
  try {
    // Before it is opened: to open some devices is to start them.
    if (!lstatSync(path).isFile()) return 0
    const opened = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    fd = opened
    return REGION_OFFSETS.find((offset) => wordAt(opened, offset) === REGION_MAGIC) ?? 0
  } catch {
    return 0
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Undefined beyond the end of the file. */
function wordAt(fd: number, offset: number): number | undefined {
  const word = Buffer.alloc(4)
  return readSync(fd, word, 0, word.length, offset) === word.length
    ? word.readUInt32LE()
    : undefined
}
