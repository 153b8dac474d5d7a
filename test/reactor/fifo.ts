import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Both ends of a pipe, non-blocking: what Node has no call of its own for. */
export interface Fifo {
  readonly readFd: number
  readonly writeFd: number
  closeWriter(): void
}

export function openFifo(t: ExecutionContext): Fifo {
  const path = join(temporaryFolder(t), 'fifo')
  execFileSync('mkfifo', [path])
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  let isWriterOpen = true
  const closeWriter = () => {
    if (isWriterOpen) closeSync(writeFd)
    isWriterOpen = false
  }
  t.teardown(() => {
    closeSync(readFd)
    closeWriter()
  })
  return { readFd, writeFd, closeWriter }
}
