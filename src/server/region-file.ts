import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Memory with a name, on Linux: a file there is never written to a disk. */
const SHARED_MEMORY = '/dev/shm'

/** A path for a new region that no other process uses. */
export function newRegionPath(): string {
  const folder = existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir()
  return join(folder, `carillon-${process.pid}-${randomBytes(4).toString('hex')}`)
}
