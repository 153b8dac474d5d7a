import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from './repository.ts'

const firmware = join(REPOSITORY, 'firmware')

/** Builds a program of firmware/test and resolves with its path. */
export async function buildFirmwareTool(name: string): Promise<string> {
  return await build(`${name}-test`, join('test', name))
}

/** Builds the hosted firmware so that its first wrong access ends it, and resolves with its path. */
export async function buildSanitizedFirmware(): Promise<string> {
  return await build('hosted-sanitize', 'carillon-core', 'SANITIZE=1')
}

/**
 * Builds the hosted firmware so that it wakes by itself only every ten seconds, and resolves with its
 * path: where a bell is lost, it shows.
 */
export async function buildSleepyFirmware(): Promise<string> {
  return await build('hosted-sleepy', 'carillon-core', 'CPPFLAGS=-DHEARTBEAT_US=10000000u')
}

/**
 * Builds firmware with an effect that makes the core fault, `fault`, and resolves with its path.
 *
 * @param user the one test file that builds this copy.
 */
export async function buildFaultsFirmware(port: 'hosted' | 'virt', user: string): Promise<string> {
  const program = port === 'virt' ? 'carillon-core.elf' : 'carillon-core'
  return await build(`${port}-faults-${user}`, program, `PORT=${port}`, 'FAULTS=1')
}

/** In a folder of its own: other tests build too, at the same time. */
async function build(folder: string, target: string, ...settings: string[]): Promise<string> {
  const build = join(firmware, 'build', folder)
  const program = join(build, target)
  const args = ['-j2', '-C', firmware, `BUILD=${build}`, ...settings, program]
  await promisify(execFile)('make', args)
  return program
}
