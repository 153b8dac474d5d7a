import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from '../setup/files-under.mjs'
import { runMachineTool } from './tools.mjs'

const BLOCK_BYTES = 4096
/** For the tables of the file system. */
const OVERHEAD_BYTES = 4 * 1024 * 1024

/** Makes `path` an ext4 file system, just large enough, with what is in a folder; for reading only. */
export function makeDisk(path, folder, label) {
  const kib = Math.ceil(diskBytes(folder) / 1024)
  const options = ['-q', '-t', 'ext4', '-b', `${BLOCK_BYTES}`, '-O', '^has_journal', '-m', '0']
  const owner = ['-E', 'root_owner=0:0']
  const args = [...options, ...owner, '-L', label, '-d', folder, path, `${kib}k`]
  runMachineTool('.', 'mke2fs', args, { sentence: `The disk "${label}" could not be made` })
}

/** How large a disk is that a folder fits on. */
export function diskBytes(folder) {
  const contents = filesUnder(folder, '.').map((file) => lstatSync(join(folder, file)).size)
  const blocks = contents.reduce((sum, bytes) => sum + Math.ceil(bytes / BLOCK_BYTES), 0)
  // A file's inode is 256 bytes, and a folder takes a block.
  const tables = contents.length * (256 + BLOCK_BYTES / 4)
  return (
    Math.ceil((blocks * BLOCK_BYTES * 1.05 + tables + OVERHEAD_BYTES) / BLOCK_BYTES) * BLOCK_BYTES
  )
}
