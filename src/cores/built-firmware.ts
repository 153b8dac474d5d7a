import { join } from 'node:path'
import { errorCode } from '../errors.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import type { ElfFile } from './elf-file.ts'
import { CoreError } from './errors.ts'
import { readElfFile } from './read-elf-file.ts'

const FOLDER = join(PACKAGE_ROOT, 'firmware')
const CROSS_COMPILER = 'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu'

/** Firmware that `make -C firmware` builds. */
export interface BuiltFirmware {
  /** Where it is built. */
  readonly path: string
  /** How: a command. */
  readonly command: string
  /** What that command takes that a machine may not have: a command as well. */
  readonly needs?: string
}

/** The hosted firmware as `make -C firmware` leaves it. */
export const HOSTED_FIRMWARE: string = join(FOLDER, 'build/hosted/carillon-core')

export const BUILT_HOSTED: BuiltFirmware = { path: HOSTED_FIRMWARE, command: `make -C ${FOLDER}` }

/** Bare-metal firmware as `make -C firmware PORT=…` leaves it. */
export function bareMetalFirmwarePath(port: string): string {
  return join(FOLDER, 'build', port, 'carillon-core.elf')
}

export function builtBareMetal(port: string): BuiltFirmware {
  const command = `make -C ${FOLDER} PORT=${port}`
  return { path: bareMetalFirmwarePath(port), command, needs: CROSS_COMPILER }
}

/**
 * Reads the ELF file of firmware.
 *
 * @param built the one that is used where no other is named: where that one is missing, it is to be built.
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`.
 * @throws {ElfError} where it cannot be read.
 */
export async function readFirmwareFile(path: string, built: BuiltFirmware): Promise<ElfFile> {
  try {
    return await readElfFile(path)
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (errorCode(cause) !== 'ENOENT') throw error
    throw firmwareMissing(path, built, cause)
  }
}

export function firmwareMissing(path: string, built: BuiltFirmware, cause: unknown): CoreError {
  const { command, needs } = built
  const howToBuild = `: build it with ${command}${needs === undefined ? '' : `, which needs ${needs}`}`
  return new CoreError(
    'ERR_CARILLON_FIRMWARE_MISSING',
    `there is no firmware at ${path}${path === built.path ? howToBuild : ''}`,
    { cause },
  )
}
