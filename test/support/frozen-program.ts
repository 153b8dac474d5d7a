import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from './temporary-folder.ts'

export interface FrozenProgram {
  /** A folder with nothing else in it. */
  readonly folder: string
  readonly path: string
  /** Resolves with its process once it has been started: it stands still from then on. */
  started(): Promise<number>
}

/**
 * A program that stops itself as soon as it is started (SIGSTOP): it answers nothing, and takes no signal
 * but SIGKILL.
 *
 * @param afterwards what it is the next time it is started: a line of the shell. Default: the same again.
 */
export async function frozenProgram(
  t: ExecutionContext,
  name: string,
  afterwards = '',
): Promise<FrozenProgram> {
  const folder = temporaryFolder(t)
  const path = join(folder, name)
  const others = temporaryFolder(t)
  const [pipe, mark] = [join(others, 'pipe'), join(others, 'mark')]
  execFileSync('mkfifo', [pipe])
  const again = afterwards === '' ? [] : [`[ ! -e ${mark} ] || ${afterwards}`, `: >${mark}`]
  const lines = ['#!/bin/sh', ...again, `echo $$ >${pipe}`, 'kill -STOP $$', '']
  await writeFile(path, lines.join('\n'), { mode: 0o755 })
  const started = async () => {
    const pid = Number(await readFile(pipe, 'ascii'))
    t.teardown(() => end(pid))
    return pid
  }
  return { folder, path, started }
}

/** One that a test which failed has left. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended, as it should.
  }
}
