import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from './temporary-folder.ts'

/** A program that stands still as soon as it is started: it answers nothing, and takes no signal but SIGKILL. */
export interface FrozenProgram {
  readonly path: string
  /** What who starts it has in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Resolves with its process once it has been started. */
  started(): Promise<number>
}

/**
 * A script that is found under a name.
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
  const pipe = makePipe(t)
  const mark = join(temporaryFolder(t), 'mark')
  const again = afterwards === '' ? [] : [`[ ! -e ${mark} ] || ${afterwards}`, `: >${mark}`]
  const lines = ['#!/bin/sh', ...again, `echo $$ >${pipe}`, 'kill -STOP $$', '']
  await writeFile(path, lines.join('\n'), { mode: 0o755 })
  const env = { PATH: `${folder}:${process.env.PATH}` }
  return { path, env, started: () => startedProcess(t, pipe) }
}

/**
 * Firmware of hosted cores.
 *
 * @param path as `buildFrozenFirmware` has built it.
 */
export function frozenFirmware(t: ExecutionContext, path: string): FrozenProgram {
  const pipe = makePipe(t)
  return { path, env: { CARILLON_TEST_PIPE: pipe }, started: () => startedProcess(t, pipe) }
}

function makePipe(t: ExecutionContext): string {
  const pipe = join(temporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  return pipe
}

/** The process that says its number in the pipe. */
async function startedProcess(t: ExecutionContext, pipe: string): Promise<number> {
  const pid = Number(await readFile(pipe, 'ascii'))
  t.teardown(() => end(pid))
  return pid
}

/** One that a test which failed has left. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended, as it should.
  }
}
