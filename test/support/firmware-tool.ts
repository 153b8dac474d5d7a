import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from './repository.ts'

const firmware = join(REPOSITORY, 'firmware')

/** Builds a program of firmware/test and resolves with its path. */
export async function buildFirmwareTool(name: string): Promise<string> {
  // Of its own: other tests build too, at the same time.
  const build = join(firmware, 'build', `${name}-test`)
  const program = join(build, 'test', name)
  await promisify(execFile)('make', ['-j2', '-C', firmware, `BUILD=${build}`, program])
  return program
}
